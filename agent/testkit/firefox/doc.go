// Package firefox runs Debian's Firefox ESR on a test desktop and opens tabs in it over Marionette, the remote control
// that Firefox has built in. Nothing is run inside a page, so pages behave as they do for a person.
package firefox
