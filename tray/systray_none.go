//go:build !windows && !cgo

package main

// canMenu reports that this build, made without a C compiler, has no menu: alerts come as notifications only.
const canMenu = false

func newPanel(panelLabels, func(id string, v verb), func()) panel { return noPanel{} }

type noPanel struct{}

func (noPanel) Run()      {}
func (noPanel) Show(view) {}
func (noPanel) Quit()     {}
