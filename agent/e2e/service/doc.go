// Package service installs the package on a system of its own, in which a real systemd is process 1, and lets happen to
// it what happens to packages: kills, hangs, upgrades, reboots, other users, removal.
package service
