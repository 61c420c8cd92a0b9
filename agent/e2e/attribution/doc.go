// Package attribution holds what minewatch says of browser processes against what the browsers themselves know.
//
// Two real browsers of one family run at once on a test desktop, in their sandboxes, with the extension and the host
// program as people install them. For every renderer process the answer that an alert would carry is compared with the
// truth: Chromium's own trace of a page (Tracing on the debugging port tells each frame's process), and Firefox's main
// process (over Marionette). The extension's service, the sampler and the local API are the agent's own; only the
// detector is left out, so that every process can be asked about without keeping it busy.
package attribution
