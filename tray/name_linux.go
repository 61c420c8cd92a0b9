//go:build linux && cgo

package main

// #cgo pkg-config: glib-2.0
// #include <stdlib.h>
// #include <glib.h>
import "C"

import "unsafe"

// nameIcon gives the icon the name that screen readers and tooltips say. systray.SetTitle would do it too, but would
// write the name beside the icon on panels that show labels, such as GNOME's.
func nameIcon(name string) {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	C.g_set_application_name(s) // copies it
}
