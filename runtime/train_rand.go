package runtime

import "math/bits"

// randomStream is splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
// number generators"), begun at a place that is computed, not reached: the
// numbers for any epoch and sample are there without those before them, and so
// a resumed run, or loaders in any number and order, draw the same.
type randomStream struct{ state uint64 }

// What a stream is for: streams of one purpose are independent of the others'.
const (
	streamShuffle = iota + 1
	streamAugment
)

// newRandomStream is the stream of a purpose in an epoch, for one sample.
func newRandomStream(seed uint64, purpose, epoch, sample int) randomStream {
	r := randomStream{seed}
	for _, v := range [...]int{purpose, epoch, sample} {
		r.state = r.next() ^ uint64(v)*0xd1342543de82ef95 // an odd factor keeps every bit of v
	}
	return randomStream{r.next()}
}

func (r *randomStream) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn is uniform in [0, n): the upper half of a product, whose bias of n/2⁶⁴
// no training run can see.
func (r *randomStream) intn(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// float is uniform in [0, 1).
func (r *randomStream) float() float64 { return float64(r.next()>>11) / (1 << 53) }

// uniform is uniform in [low, high).
func (r *randomStream) uniform(low, high float64) float64 {
	return low + float64((high-low)*r.float()) // the conversion keeps the compiler from fusing
}

// shuffle fills order with 0 to len-1 as they come in an epoch (Fisher, Yates).
func shuffle(order []int32, seed uint64, epoch int) {
	r := newRandomStream(seed, streamShuffle, epoch, 0)
	for i := range order {
		j := r.intn(i + 1)
		order[i] = order[j]
		order[j] = int32(i)
	}
}
