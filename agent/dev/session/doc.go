// Command session records hours of ordinary use, for counting false alarms: people who browse, write and program on a
// desktop of their own, most of the time reading. Nothing in it mines or looks like it; the only hash loop is the
// proof-of-work gate that some sites show before their page. What is done and for how long follows from a seed.
package main
