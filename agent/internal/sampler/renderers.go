package sampler

import "github.com/minewatch/minewatch/heuristics"

// rendererIndex is the renderer processes of each browser, by its root and its own numbers.
type rendererIndex map[heuristics.ProcessID]map[int]heuristics.ProcessID

// Renderers returns the renderer processes of a browser at the last tick, by the browser's own numbers of them. Safe for
// use while a Source runs; the map must not be changed.
func (s *Sampler) Renderers(root heuristics.ProcessID) map[int]heuristics.ProcessID {
	if c := s.renderers.Load(); c != nil {
		return (*c)[root]
	}
	return nil
}

// indexRenderers renews what Renderers returns, if it may have changed.
func (s *Sampler) indexRenderers() {
	if !s.reindex && s.renderers.Load() != nil {
		return
	}
	s.reindex = false
	c := rendererIndex{}
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
	s.renderers.Store(&c)
}
