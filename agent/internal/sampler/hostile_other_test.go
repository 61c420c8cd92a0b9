//go:build !linux

package sampler

// hugeLine is for Linux.
const hugeLine = "MINEWATCH_TEST_HUGE_LINE"

func pretendHugeLine(int) {}
