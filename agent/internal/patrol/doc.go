// Package patrol visits many pages: quickly and many at once, then those that deserve it alone and long. What is to be done
// and what was answered is in a queue that outlives this process, so a run goes on where it was.
package patrol
