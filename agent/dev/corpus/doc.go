// Command corpus makes the labelled recordings of testdata/traces: it runs real programs on a real desktop, records
// them with minewatch itself, and writes down what was run, where and when. What is mining, what is honest work and
// what only looks like mining stands in tables (mining.go, benign.go, lookalike.go) and never comes from the detector.
//
// No miner is run and no pool is asked: mining is simulated by loops of hashing that end by themselves within 90 s.
package main
