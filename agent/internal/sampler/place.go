package sampler

import (
	"slices"

	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/heuristics"
)

// maxAncestors bounds the walk from a renderer to its browser: zygotes, fork server and the sandbox helper lie between.
const maxAncestors = 8

// placement is what the sampler believes of a process's place in a browser.
type placement struct {
	// in is nil for a process of no browser.
	in *heuristics.BrowserProcess
	// poses reports that it says it is a browser's, and that its file, what lies beside that, or its parents say otherwise.
	poses bool
}

// place finds out which browser a process belongs to. What a process says of itself, by its name and its command line,
// is only where the search begins: it is believed where its file, its parents and what lies beside its browser's file
// agree, because a miner may call itself what it likes.
func (s *Sampler) place(k *known) placement {
	if k.command.role == "" {
		return s.placeRoot(k)
	}
	engine, _ := browsers.EngineOf(heuristics.Chromium)
	if k.command.gecko {
		engine, _ = browsers.EngineOf(heuristics.Firefox)
	}
	root, fits := s.rootOf(k, &engine)
	if root == nil {
		return s.claimed(k, &engine)
	}
	family := s.familyOf(k, root, &engine)
	if !fits || family == "" {
		return s.claimed(k, &engine)
	}
	if family == engine.Family && root.info.Browser == nil { // proven by its child
		root.engine = family
		root.info.Browser = &heuristics.BrowserProcess{
			Family: family, Role: heuristics.RoleBrowser, Root: root.id, Windowless: root.command.windowless,
		}
		root.info.PosesAsBrowser, root.told, s.reindex = false, false, true
	}
	return placement{in: &heuristics.BrowserProcess{
		Family: family, Role: k.roleInBrowser(), Root: root.id, Renderer: k.command.renderer,
		Windowless: root.command.windowless,
	}}
}

// placeRoot places a process that has no role: the main process of a browser, or of none.
func (s *Sampler) placeRoot(k *known) placement {
	family := k.namedFamily()
	if family == "" && k.engine == "" {
		return placement{}
	}
	p := s.programOf(k)
	switch {
	case k.engine != "" && p.engine == k.engine && !p.embeds:
		family = k.engine
	case family == "":
		return placement{}
	case !canProbe:
	case p.path == "" && !s.host.mayLook(k.info.User): // another user's, of whom no more can be known
	case p.system && isProgramOf(p.path, family): // installed; its resources may lie elsewhere, or be closed
	case p.engine == family && !p.embeds: // its first child will prove it
		return placement{}
	default:
		return placement{poses: p.known}
	}
	return placement{in: &heuristics.BrowserProcess{
		Family: family, Role: heuristics.RoleBrowser, Root: k.id, Windowless: k.command.windowless,
	}}
}

// rootOf returns the first ancestor without a role, nil if there is none that k can belong to, and whether the files of
// all processes on the way fit its.
func (s *Sampler) rootOf(k *known, e *browsers.Engine) (root *known, fits bool) {
	way := []*known{k}
	root = s.byPID[k.info.Parent.PID]
	for root != nil && root.command.role != "" {
		if len(way) > maxAncestors {
			return nil, false
		}
		way = append(way, root)
		root = s.byPID[root.info.Parent.PID]
	}
	if root == nil || root.info.User != k.info.User {
		return nil, false
	}
	if k.command.parent != 0 && k.command.parent != root.id.PID {
		return nil, false // it says itself that it belongs to another
	}
	rootProgram := s.programOf(root)
	for _, one := range way {
		if p := s.programOf(one); !p.belongs(&rootProgram, e) && !s.sandboxed(&p, way, e) {
			return root, false
		}
	}
	return root, true
}

// sandboxed reports whether a process runs a program that root installed with its engine beside it, as all those above it
// do: so it is where a Flatpak's portal starts the processes and the browser is none of their ancestors.
func (s *Sampler) sandboxed(p *program, way []*known, e *browsers.Engine) bool {
	top := s.programOf(way[len(way)-1])
	return top.system && top.engine == e.Family && p.belongs(&top, e)
}

// familyOf returns the family of a tree: that of the engine for a browser, Electron for another program with pages, ""
// where nothing but words speaks for either.
func (s *Sampler) familyOf(k, root *known, e *browsers.Engine) heuristics.Family {
	r := s.programOf(root)
	named := root.namedFamily()
	switch {
	case root.engine == e.Family:
		return e.Family
	case !canProbe, r.path == "" && !s.host.mayLook(root.info.User):
		if named == e.Family {
			return named
		}
		return heuristics.Electron
	case r.engine == e.Family && !r.embeds:
		return e.Family
	case r.engine == e.Family:
		return heuristics.Electron
	case r.system && named == e.Family && isProgramOf(r.path, named):
		return named
	}
	// A library's helper, which root installed, or a sandbox's: pages without tabs.
	if p := s.programOf(k); p.system && (slices.Contains(e.Helpers, baseOf(p.path)) || p.engine == e.Family) {
		return heuristics.Electron
	}
	return ""
}

// claimed is the placement of a process that says it has a role and is not believed. Other programs have an option of this
// name too, so only the engine's own words count as a pose, and only where what speaks against them could be seen.
func (s *Sampler) claimed(k *known, e *browsers.Engine) placement {
	p := s.programOf(k)
	return placement{poses: p.known && p.engine != e.Family && slices.Contains(e.Roles, k.command.role) &&
		(!p.system || !slices.Contains(e.Helpers, baseOf(p.path)))}
}

// programOf looks at the file of a process.
func (s *Sampler) programOf(k *known) program { return s.host.programOf(k.id.PID, k.info.Exe) }

// namedFamily returns the family of the browser that a process calls itself, "" if none.
func (k *known) namedFamily() heuristics.Family {
	for _, name := range []string{k.info.Name, k.command.program} {
		if b, ok := browsers.ByProgram(name); ok {
			return b.Family
		}
	}
	return ""
}

// isProgramOf reports whether a file has the name of a browser of this family.
func isProgramOf(file string, family heuristics.Family) bool {
	b, ok := browsers.ByProgram(baseOf(file))
	return ok && b.Family == family
}

// roleInBrowser returns the role in the words of heuristics.BrowserProcess.
func (k *known) roleInBrowser() heuristics.Role {
	switch {
	case k.command.role == "gpu-process":
		return heuristics.RoleGPU
	// Firefox keeps the background pages of its extensions apart and names the process so on Linux; no tab lives there.
	case k.command.gecko && k.info.Name == "WebExtensions":
		return "extension"
	}
	return heuristics.Role(k.command.role)
}
