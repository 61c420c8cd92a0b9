package sampler

import "github.com/minewatch/minewatch/heuristics"

// census is the renderer processes of each browser, by its root and its own numbers.
type census map[heuristics.ProcessID]map[int]heuristics.ProcessID

// Renderers returns the renderer processes of a browser at the last tick, by the browser's own numbers of them. Safe for
// use while a Source runs; the map must not be changed.
func (s *Sampler) Renderers(root heuristics.ProcessID) map[int]heuristics.ProcessID {
	if c := s.renders.Load(); c != nil {
		return (*c)[root]
	}
	return nil
}

// countRenderers renews what Renderers returns, if it may have changed.
func (s *Sampler) countRenderers() {
	if !s.recount && s.renders.Load() != nil {
		return
	}
	s.recount = false
	c := census{}
	for id, k := range s.table {
		b := k.info.Browser
		if b == nil || b.Role != "renderer" || b.Renderer == 0 {
			continue
		}
		if c[b.Root] == nil {
			c[b.Root] = map[int]heuristics.ProcessID{}
		}
		c[b.Root][b.Renderer] = id
	}
	s.renders.Store(&c)
}
