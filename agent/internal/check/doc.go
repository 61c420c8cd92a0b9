// Package check opens a page in a browser of its own, watches what it does to the processor on the same path as
// everything else (sampler, detector, attribution), asks the browser's profiler which script does it, and says what it
// saw.
package check
