package main

import "github.com/resnetc/resnetc/asm/neon"

// core is what bounds a loop whose operands lie in the first-level cache.
type core struct {
	name    string
	width   float64 // instructions decoded in a cycle
	vector  float64 // vector instructions begun
	loads   float64 // vector registers loaded
	store   float64 // places of vector instructions that a stored register takes
	latency float64 // cycles from one multiply-add to the next into the same register
}

// cores are two kinds of core that run NEON code most.
//
// Cortex-A76 and Neoverse-N1 have the same pipelines: Arm, "Neoverse N1
// Software Optimization Guide" (PJDOC-466751330), sections 2.1, 3.16 and 3.18;
// LLVM's AArch64SchedNeoverseN1.td has the same figures.  The accumulator of a
// multiply-add is forwarded, which makes its latency 2 cycles in a chain; here
// stands the full latency.  Apple's M1 (Firestorm) is documented by D. Johnson's
// measurements, https://dougallj.github.io/applecpu/firestorm.html.
var cores = []core{
	{name: "a76/n1", width: 4, vector: 2, loads: 2, store: 1, latency: 4},
	{name: "apple-m1", width: 8, vector: 4, loads: 3, latency: 4},
}

// cycles is the least time of one round.
func (c *core) cycles(l neon.Loop) float64 {
	return max(
		float64(len(l.Text))/c.width,
		(float64(l.Vector)+c.store*float64(l.Stores))/c.vector,
		float64(l.Loads)/c.loads,
		float64(l.Chain)*c.latency,
	)
}

// share is the part of the core's peak, a multiply-add in each vector pipe in
// every cycle, that the loop can reach.
func (c *core) share(l neon.Loop) float64 {
	return float64(l.MultiplyAdds) / c.vector / c.cycles(l)
}
