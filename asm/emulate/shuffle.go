package emulate

// shape is which operands a shuffle has.
type shape struct {
	kinds       []string
	destination int // bytes that it must have, if not 0
	second      int // bytes of the second source, if not those of the destination
}

var (
	twoSources   = shape{kinds: []string{"vm", "v", "v"}}
	immAndOne    = shape{kinds: []string{"i", "vm", "v"}}
	immAndTwo    = shape{kinds: []string{"i", "vm", "v", "v"}}
	immAndWide   = shape{kinds: immAndTwo.kinds, destination: 64}
	immAndNarrow = shape{kinds: immAndTwo.kinds, destination: 32, second: 16}
)

// shuffle makes a builder for an instruction whose lanes are some of those of
// its sources: from returns, with the immediate, the place that a lane comes
// from, from 0 on in the first source and from 16 on in the second one, which is
// also the only one.
func shuffle(shape shape, from func(imm, lane int) int) func(*form) func(*machine) {
	return func(f *form) func(*machine) {
		if !f.is(shape.kinds...) || f.broadcast {
			return nil
		}
		bytes := f.last().bytes
		if shape.destination != 0 && shape.destination != bytes {
			return nil
		}
		operands, imm := f.operands, 0
		if operands[0].kind == immediate {
			imm, operands = int(operands[0].value), operands[1:]
		}
		if imm < 0 || imm > 255 {
			fail("the immediate %d has more than a byte", imm)
		}
		n, second := bytes/4, bytes/4
		if shape.second != 0 {
			second = shape.second / 4
		}
		var places [16]int
		for i := range n {
			places[i] = from(imm, i)
		}
		y := f.source(operands[0], second)
		x := y
		if len(operands) == 3 {
			x = f.source(operands[1], n)
		}
		return f.result(func(m *machine, d *vec) {
			*(*vec)(m.pair[:]) = *x(m)
			*(*vec)(m.pair[16:]) = *y(m)
			for i, from := range places[:n] {
				d[i] = m.pair[from]
			}
		})
	}
}

// unpackLow and the like take turns with the lower or upper halves of quarters of both sources.
var (
	unpackLow     = func(_, i int) int { return i&^3 + i&3/2 + i&1*16 }
	unpackHigh    = func(_, i int) int { return i&^3 + 2 + i&3/2 + i&1*16 }
	unpackLowTwo  = func(_, i int) int { return i&^3 + i&1 + i>>1&1*16 }
	unpackHighTwo = func(_, i int) int { return i&^3 + 2 + i&1 + i>>1&1*16 }
)

// permute is VPERMILPS, of the four lanes of each quarter.
func permute(imm, i int) int { return 16 + i&^3 + imm>>(2*(i&3))&3 }

// shuffleQuarters is VSHUFF32X4 of 64 bytes: two quarters of each source.
func shuffleQuarters(imm, i int) int { return i/8*16 + imm>>(i/4*2)&3*4 + i&3 }

// insert is VINSERTF128.
func insert(imm, i int) int {
	if i/4 == imm&1 {
		return 16 + i&3
	}
	return i
}

// align is VPALIGNR by whole lanes: in each quarter what lies imm bytes after
// the second source, with the first one behind it.
func align(imm, i int) int {
	if imm%4 != 0 || imm > 16 {
		fail("a shift by %d bytes", imm)
	}
	k := i&3 + imm/4
	if k < 4 {
		return 16 + i&^3 + k
	}
	return i&^3 + k - 4
}
