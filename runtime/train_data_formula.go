package runtime

import "strconv"

// formula gives batches that are computed, not stored: every test of the
// arithmetic can make the same ones again, in any language.
//
// A tensor's name, after a salt, is hashed by FNV-1a with 64 bits, and
// splitmix64 goes on from there: an input is 2·z/2⁵³ - 1 for the upper 53 bits
// z of each number, a label is z modulo the number of classes.  Step k's batch
// is "input/k" with "labels/k".
type formula struct{ salt string }

// FormulaDataset gives endless batches by formula, images of a shape (channels,
// height, width).  They are neither shuffled, augmented nor normalized.
func FormulaDataset(salt string, shape [3]int, classes int) *Dataset {
	h := hashInts(WeightHash([]byte(salt)), shape[0], shape[1], shape[2], classes)
	return &Dataset{name: "formula", shape: shape, count: classes, hash: h, formula: &formula{salt}}
}

func formulaStream(name string) randomStream {
	h := uint64(fnvOffset)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * fnvPrime
	}
	return randomStream{h}
}

// batch computes the batch of a step, from 0.
func (f *formula) batch(step int, images []float32, labels []int32, classes int) {
	k := strconv.Itoa(step)
	r := formulaStream(f.salt + "input/" + k)
	for i := range images {
		images[i] = float32(float64(float64(r.next()>>11)*(2.0/(1<<53))) - 1)
	}
	r = formulaStream(f.salt + "labels/" + k)
	for i := range labels {
		labels[i] = int32((r.next() >> 11) % uint64(classes))
	}
}
