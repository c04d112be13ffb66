package runtime

import "math"

// weightShape is the sizes of a weight [O,I/groups,H,W] or [O,I] as stored.
func (s *Slot) weightShape() (outPlanes, inPlanes, taps int) {
	taps = 1
	if len(s.Shape) == 4 {
		taps = s.Shape[2] * s.Shape[3]
	}
	in := s.Shape[1] * s.Groups / s.Merged
	return (s.Shape[0] + block - 1) / block, (in + s.InBlock - 1) / s.InBlock, taps
}

// elements is the number of the tensor's elements.
func (s *Slot) elements() int {
	n := 1
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

// Stored is how many float32s the tensor takes in the store.
func (s *Slot) Stored() int {
	if s.InBlock == 0 {
		return (s.elements() + block - 1) / block * block
	}
	o, i, taps := s.weightShape()
	return o * i * taps * s.InBlock * block
}

// at is where the element of a row-major index lies, from the slot's offset on.
func (s *Slot) at(index int) int {
	if s.InBlock == 0 {
		return index
	}
	_, planes, taps := s.weightShape()
	in := s.Shape[1]
	o, c, tap := index/(in*taps), index/taps%in, index%taps
	perGroup := s.Shape[0] / s.Groups
	c += o / perGroup % (s.Groups / s.Merged) * in
	return ((o/block*planes+c/s.InBlock)*taps+tap)*s.InBlock*block + c%s.InBlock*block + o%block
}

// load copies a row-major tensor into the store, with zeros where it has none.
func (s *Slot) load(store, data []float32) {
	part := store[s.Offset:][:s.Stored()]
	clear(part)
	for i, x := range data {
		part[s.at(i)] = x
	}
}

// save copies the tensor out of the store, row-major.
func (s *Slot) save(data, store []float32) {
	part := store[s.Offset:][:s.Stored()]
	for i := range data {
		data[i] = part[s.at(i)]
	}
}

// clearBetween sets to zero what a gradient has between the groups that share a
// block: the weights there are none.
func (s *Slot) clearBetween(part []float32) {
	if s.Groups == s.Merged {
		return
	}
	outPlanes, inPlanes, taps := s.weightShape()
	perGroup, share := s.Shape[0]/s.Groups, s.Groups/s.Merged
	for i := range part {
		o := i/(inPlanes*taps*s.InBlock*block)*block + i%block
		c := i/(taps*s.InBlock*block)%inPlanes*s.InBlock + i/block%s.InBlock
		if o >= outPlanes*block || c/s.Shape[1] != o/perGroup%share {
			part[i] = 0
		}
	}
}

// fill sets the tensor to what training begins with, by random numbers of its
// own.  It allocates nothing, for a trainer's memory is nearly all that a
// process has, so that garbage would stay for long.
func (s *Slot) fill(store []float32, seed uint64, index int) {
	part := store[s.Offset:][:s.Stored()]
	clear(part)
	if s.Fill == FillZero {
		return
	}
	r := trainRandom{mix64(seed+golden64) + uint64(index)*golden64}
	taps := 1
	if len(s.Shape) == 4 {
		taps = s.Shape[2] * s.Shape[3]
	}
	for i := range s.elements() {
		x := float32(1)
		switch s.Fill {
		case FillNormal:
			x = float32(r.normal() * math.Sqrt(2/float64(s.Shape[0]*taps)))
		case FillUniform:
			x = float32((float64(2*r.float()) - 1) / math.Sqrt(float64(s.Shape[len(s.Shape)-1])))
		}
		part[s.at(i)] = x
	}
}

const golden64 = 0x9E3779B97F4A7C15

// mix64 is the finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// trainRandom is splitmix64.
type trainRandom struct{ state uint64 }

// float is uniform in [0, 1).
func (r *trainRandom) float() float64 {
	r.state += golden64
	return float64(float64(mix64(r.state)>>11) / (1 << 53))
}

// normal is a standard normal number (Box and Muller, 1958).
func (r *trainRandom) normal() float64 {
	u := 1 - r.float() // above 0
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*r.float())
}
