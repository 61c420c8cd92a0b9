// Package hostile lets strangers loose on the real programs: hosts that lie to the agent's local API, and browsers that send
// a host what is no message. It holds tests only.
package hostile
