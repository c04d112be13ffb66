package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// take returns n float32s that touch the guard page after them or, for odd i,
// the one before them.
func (g guarded) take(t testing.TB, n, i int) []float32 {
	if n > len(g) {
		t.Fatalf("a guarded buffer of %d float32s is too small for %d", len(g), n)
	}
	if i%2 != 0 {
		return g[:n:n]
	}
	return g[len(g)-n:]
}

// levelNames are those of package asm.
var levelNames = map[string]Level{"neon": NEON, "avx2": AVX2, "avx512": AVX512}

// eachKernel runs a subtest for every kernel of an operation in the table of
// package asm, and for the pure-Go kernels of the same operation.
func eachKernel(t *testing.T, op string, test func(t *testing.T, set *kernelSet, k asm.Kernel)) {
	t.Helper()
	for _, v := range variants() {
		t.Run(op+"/"+v.name, func(t *testing.T) {
			v.skip(t)
			rows := asm.Kernels()
			if v.level == PureGo {
				rows = genericRows(op)
			}
			for _, k := range rows {
				if k.Op == op && k.Level == v.level.String() {
					t.Run(k.Name, func(t *testing.T) { test(t, v.set, k) })
				}
			}
		})
	}
}

// genericRows are rows for the pure-Go kernels, which share their code: a few
// tiles are enough, and with -short two.
func genericRows(op string) []asm.Kernel {
	if op == "winograd_in" || op == "winograd_out" {
		return []asm.Kernel{
			{Name: op + "_f32_b16m2_purego", Op: op, Level: "purego", Pixels: 2},
			{Name: op + "_f32_b16m4_purego", Op: op, Level: "purego", Pixels: 4},
		}
	}
	if op == "polyphase_in" || op == "polyphase_out" {
		return []asm.Kernel{{Name: op + "_f32_b16m2_purego", Op: op, Level: "purego", Pixels: 2}}
	}
	if op == "stem_in" || op == "stem" {
		return []asm.Kernel{{Name: op + "_f32_b1m4_purego", Op: op, Level: "purego", Pixels: 4}}
	}
	if op != "conv2d" {
		return []asm.Kernel{{Name: op + "_f32_b16_purego", Op: op, Level: "purego"}}
	}
	most, tiles := maxBlocks, []int{1, 3, maxTile}
	if testing.Short() {
		most, tiles = 2, []int{3}
	}
	var rows []asm.Kernel
	for class := range convClasses {
		for blocks := 1; blocks <= most; blocks++ {
			if blocks > 1 && groupOf(class) < 16 {
				break
			}
			for _, pixels := range tiles {
				rows = append(rows, asm.Conv("purego", class, blocks, pixels))
			}
		}
	}
	return rows
}

// TestTable checks that the sets hold every row of the table and nothing else.
func TestTable(t *testing.T) {
	for _, v := range variants() {
		set := v.set
		if v.level == PureGo || set == nil {
			continue
		}
		var count int
		for _, k := range asm.Kernels() {
			if levelNames[k.Level] == set.level {
				count++
				if k.Op == "conv2d" && set.conv[k.Class][k.Blocks][k.Pixels] == nil {
					t.Errorf("no kernel %s in its set", k.Name)
				}
			}
		}
		for class := range set.conv {
			for blocks := range set.conv[class] {
				for _, kernel := range set.conv[class][blocks] {
					if kernel != nil {
						count--
					}
				}
			}
		}
		others := map[string]bool{
			"maxpool": set.maxPool != nil, "sumpool": set.sumPool != nil,
			"add": set.add != nil, "affine": set.affine != nil, "relu": set.relu != nil,
			"winograd_in 2": set.winogradIn[2] != nil, "winograd_in 4": set.winogradIn[4] != nil,
			"strassen_in":  set.strassenIn != nil,
			"polyphase_in": set.polyphaseIn != nil, "polyphase_out": set.polyphaseOut != nil,
			"stem_in": set.stemIn != nil, "stem": set.stem != nil,
			"winograd_out 2": set.winogradOut[2] != nil, "winograd_out 4": set.winogradOut[4] != nil,
		}
		for name, there := range others {
			if !there {
				t.Errorf("%s: no kernel %s in its set", set.level, name)
			}
		}
		if count != len(others) {
			t.Errorf("%s: the table has %d rows more than the set", set.level, count-len(others))
		}
	}
}

// values fills x with random numbers around 0.
func values(r *rand.Rand, x []float32) {
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
}

// specials are the values that arithmetic likes to get wrong.
var specials = []float32{
	float32(math.NaN()), -float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
	0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
	math.MaxFloat32, -math.MaxFloat32, 1, -1,
}

// sprinkle puts a special value at about one of every n places of x.
func sprinkle(r *rand.Rand, x []float32, n int) {
	for i := range x {
		if r.IntN(n) == 0 {
			x[i] = specials[r.IntN(len(specials))]
		}
	}
}

// same reports whether a and b have the same bits or are both NaN.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// diff describes the first difference of got from want, "" if there is none.
func diff(got, want []float32) string {
	for i := range want {
		if !same(got[i], want[i]) {
			return fmt.Sprintf("float32 %d of %d is %g (%#08x), want %g (%#08x)",
				i, len(want), got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
	return ""
}
