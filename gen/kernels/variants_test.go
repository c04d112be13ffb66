package kernels

import (
	"slices"
	"sync"
	"testing"
)

// variant is a way to run the kernels of a level.
type variant struct {
	name     string // the level's, with a suffix if there are several ways
	level    Level
	set      *kernelSet // nil if there is no way here
	train    *trainKernelSet
	emulated bool
}

// variants are the ways to run every level: natively where the CPU has what it
// needs, and else by the emulator if that knows it.  Kernels that run natively
// run by the emulator too, which must give the same bits: that shows that it is
// to be trusted with the others.
var variants = sync.OnceValue(func() []variant {
	all := []variant{{name: "purego", level: PureGo, set: genericKernels(), train: genericTrainKernels()}}
	var compared []variant
	for level := PureGo + 1; level < levels; level++ {
		v := variant{name: level.String(), level: level}
		for _, set := range assemblyKernels() {
			if set.level == level {
				v.set = set
			}
		}
		for _, set := range assemblyTrainKernels() {
			if set.level == level {
				v.train = set
			}
		}
		if canEmulate(level) {
			e := variant{v.name, level, emulatedKernels(level, v.set), emulatedTrainKernels(level, v.train), true}
			if v.set != nil {
				e.name += "_emulated"
				compared = append(compared, e)
			} else {
				v = e
			}
		}
		all = append(all, v)
	}
	return append(all, compared...)
})

// skip skips the test of a variant that cannot run here.
func (v variant) skip(t *testing.T) {
	switch {
	case v.set == nil:
		t.Skipf("neither this CPU nor an emulator runs %s here", v.level)
	case v.emulated:
		t.Log("by the emulator")
	}
}

// isEmulated reports whether the emulator runs a set.
func isEmulated(set *kernelSet) bool {
	return slices.ContainsFunc(variants(), func(v variant) bool { return v.set == set && v.emulated })
}
