//go:build linux

package session

import "context"

// activity is something that a person does for a while.
type activity struct {
	name string
	// share is how often it is chosen, beside the shares of the others.
	share int
	do    func(*session, context.Context) error
}

// activities returns what people of a kind do. Everybody reads pages now and then.
func activities(kind string) []activity {
	read := activity{"read pages", 6, (*session).readPages}
	switch kind {
	case "browsing":
		return []activity{
			read,
			{"read local documents", 3, (*session).readDocuments},
			{"watch a video", 3, (*session).watchVideo},
			{"play a game", 1, (*session).playGame},
			{"use a page", 3, (*session).usePage},
			{"go away", 1, (*session).goAway},
		}
	case "office":
		return []activity{
			{"write a letter", 4, (*session).writeLetter},
			{"fill a table", 3, (*session).fillTable},
			{"convert documents", 1, (*session).convert},
			{"pack files", 1, (*session).packFiles},
			{"read pages", 3, (*session).readPages},
			{"go away", 2, (*session).goAway},
		}
	default:
		return []activity{
			{"edit, build and test", 6, (*session).build},
			{"use the repository", 2, (*session).repository},
			{"build everything anew", 1, (*session).buildAll},
			{"search the sources", 2, (*session).search},
			{"read local documents", 3, (*session).readDocuments},
			{"read pages", 2, (*session).readPages},
			{"go away", 1, (*session).goAway},
		}
	}
}

// pick draws the next activity.
func (s *session) pick() activity {
	all := activities(s.Kind)
	sum := 0
	for _, a := range all {
		sum += a.share
	}
	n := s.random.IntN(sum)
	for _, a := range all {
		if n -= a.share; n < 0 {
			return a
		}
	}
	return all[0]
}
