package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Schedule is the order in which a convolution's loops run and how they are
// cut, the attribute schedule of conv2d.  It changes the time that a
// convolution takes and nothing else.
type Schedule struct {
	// Order is "pixels" or "weights" of direct convolution: whether a thread
	// finishes all output channels of some rows before it goes on, or all
	// rows of some output channels.  Of Winograd's algorithm it is "fused" or
	// "joint": whether each thread takes chunks of tiles from input to output,
	// or all threads take one chunk through each step together.
	Order string
	// Chunk is the number of tiles in a chunk of Winograd's algorithm, 0 of others.
	Chunk int
	// Blocks is the number of blocks of 16 output channels that a kernel
	// computes at a time; 0 leaves that to code generation.
	Blocks int
}

// maxChunk keeps the memory for a chunk of Winograd tiles within reason.
const maxChunk = 1 << 12

// String is the text form, for instance pixels, weights/4 or fused:28/2.
func (s Schedule) String() string {
	text := s.Order
	if s.Chunk > 0 {
		text += ":" + strconv.Itoa(s.Chunk)
	}
	if s.Blocks > 0 {
		text += "/" + strconv.Itoa(s.Blocks)
	}
	return text
}

// Winograd reports whether the schedule is one of Winograd's algorithm.
func (s Schedule) Winograd() bool { return s.Chunk > 0 }

// ParseSchedule reads the text form.
func ParseSchedule(text string) (Schedule, error) {
	bad := func(want string) (Schedule, error) {
		return Schedule{}, fmt.Errorf("schedule %q: %s", text, want)
	}
	rest, blocks, cut := strings.Cut(text, "/")
	s, err := Schedule{}, error(nil)
	if cut {
		if s.Blocks, err = strconv.Atoi(blocks); err != nil || !slices.Contains([]int{1, 2, 4}, s.Blocks) {
			return bad("want 1, 2 or 4 blocks behind the slash")
		}
	}
	order, chunk, cut := strings.Cut(rest, ":")
	s.Order = order
	switch {
	case (order == "pixels" || order == "weights") && !cut:
		return s, nil
	case order != "fused" && order != "joint":
		return bad("want pixels, weights, fused:CHUNK or joint:CHUNK, and perhaps /BLOCKS")
	}
	if s.Chunk, err = strconv.Atoi(chunk); err != nil || s.Chunk < 1 || s.Chunk > maxChunk {
		return bad(fmt.Sprintf("want 1 to %d tiles behind %s:", maxChunk, order))
	}
	return s, nil
}

// checkSchedule reports what is wrong with a convolution's attribute schedule.
func (n *Node) checkSchedule() error {
	text, algorithm := n.Str("schedule"), n.Str("algorithm")
	if text == "" {
		return nil
	}
	s, err := ParseSchedule(text)
	switch {
	case err != nil:
		return n.broken(11, "%v", err)
	case algorithm == "":
		return n.broken(11, "schedule %q without an algorithm", text)
	case s.Winograd() != (n.Algorithm().Tile > 0):
		return n.broken(11, "schedule %q does not fit algorithm %q: Winograd's take fused or joint, others pixels or weights", text, algorithm)
	}
	return nil
}
