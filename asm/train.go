package asm

import (
	"bytes"
	"fmt"
	"go/format"
	"go/token"
	"slices"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// Offsets in bytes of the fields of the argument structs in
// runtime/train_kernels.go, as in layout.go.
var (
	weightGradArgs = map[string]int{
		"x": 0, "dy": 8, "acc": 16, "rows": 24, "pixels": 32,
		"xStep": 40, "xRow": 48, "dyStep": 56, "dyRow": 64, "dyPlane": 72, "accPlane": 80, "xAhead": 88, "dyAhead": 96,
	}
	channelArgs = map[string]int{
		"x": 0, "dy": 8, "mask": 16, "out": 24, "coef": 32, "pixels": 40, "flags": 48,
	}
	maxPoolGradArgs = map[string]int{
		"x": 0, "dy": 8, "dx": 16, "pixels": 24, "kh": 32, "kw": 40, "xRow": 48, "dxRow": 56, "step": 64,
	}
)

// trainOps are the kernels of training, in each level: the class in the name, n
// of a weight gradient or m of a Winograd transform, the place in runtime's trainKernelSet, and the builders
// for amd64 and arm64.  Without one for arm64 the pure-Go twin, which gives the
// same bits, does.
var trainOps = []struct {
	name  string
	class string
	n     int
	field string
	build func(*builder)
	neon  func(*neonBuilder)
}{
	// A block of channels; the taps of a row of a stem's kernel.
	{"weight_grad", "16x16", 16, "weightGrad[16]", weightGrad, neonWeightGrad},
	{"weight_grad", "3x16", 3, "weightGrad[3]", weightGrad, neonWeightGrad},
	{"weight_grad", "7x16", 7, "weightGrad[7]", weightGrad, neonWeightGrad},
	{"weight_grad_pair", "16x32", 0, "weightGradPair", weightGradPair, nil},
	{"weight_grad_taps", "16x16x3", 0, "weightGradTaps", weightGradTaps, nil},
	{"moments", "b16", 0, "moments", moments, neonMoments},
	{"grad_sums", "b16", 0, "gradSums", gradSums, neonGradSums},
	{"grad_sweep", "b16", 0, "gradSweep", gradSweep, neonGradSweep},
	{"mask_grad", "b16", 0, "maskGrad", maskGrad, neonMaskGrad},
	{"normalize", "b16", 0, "normalize", normalize, neonNormalize},
	{"max_pool_grad", "b16", 0, "maxPoolGrad", maxPoolGrad, neonMaxPoolGrad},
	{"winograd_weight", "b16m2", 2, "winogradWeight[2]", winogradWeight, neonWinogradWeight},
	{"winograd_weight", "b16m4", 4, "winogradWeight[4]", winogradWeight, neonWinogradWeight},
	{"winograd_grad_in", "b16m2", 2, "winogradGradIn[2]", winogradGradIn, neonWinogradGradIn},
	{"winograd_grad_in", "b16m4", 4, "winogradGradIn[4]", winogradGrad4In, neonWinogradGrad4In},
	{"winograd_grad_out", "b16m2", 2, "winogradGradOut[2]", winogradGradOut, neonWinogradGradOut},
	{"winograd_grad_out", "b16m4", 4, "winogradGradOut[4]", winogradGrad4Out, neonWinogradGrad4Out},
}

// wideOps need the 32 registers of AVX-512.
var wideOps = []string{"weight_grad_pair", "weight_grad_taps"}

// TrainKernels returns the table of the kernels that only training needs.
func TrainKernels() []Kernel {
	var table []Kernel
	for _, isa := range isas {
		for _, op := range trainOps {
			if isa.arch == "arm64" && op.neon == nil || !isa.avx512() && slices.Contains(wideOps, op.name) {
				continue
			}
			table = append(table, Kernel{
				Name: fmt.Sprintf("%s_f32_%s_%s", op.name, op.class, isa.name), Op: op.name, Level: isa.name, Pixels: op.n,
			})
		}
	}
	return table
}

// EmitTrain returns the files that give package pkg the wanted rows of
// [TrainKernels] beside what [Emit] gives it for the same levels: for each
// architecture with rows train_kernels_ARCH.s and, with func
// assemblyTrainKernels() []*trainKernelSet, train_kernels_ARCH.go; for other
// builds train_kernels_other.go.  The package must have the declarations of
// runtime/train_kernels.go.
func EmitTrain(pkg string, want []Kernel) (map[string][]byte, error) {
	if !token.IsIdentifier(pkg) {
		return nil, fmt.Errorf("asm: %q is not the name of a Go package", pkg)
	}
	table := TrainKernels()
	for _, k := range want {
		if !slices.Contains(table, k) {
			return nil, fmt.Errorf("asm: no kernel %+v; rows come from TrainKernels", k)
		}
	}
	wanted := slices.DeleteFunc(table, func(k Kernel) bool { return !slices.Contains(want, k) })
	files := map[string][]byte{}
	var have []string
	for _, arch := range arches {
		kernels := kernelsOf(arch.name, wanted)
		if len(kernels) == 0 {
			continue
		}
		have = append(have, arch.name)
		var err error
		if files["train_kernels_"+arch.name+".s"], err = arch.train(pkg, kernels); err != nil {
			return nil, err
		}
		if files["train_kernels_"+arch.name+".go"], err = trainStubs(pkg, arch, kernels); err != nil {
			return nil, err
		}
	}
	files["train_kernels_other.go"] = []byte(header + otherBuilds(have) + `
package ` + pkg + `

// assemblyTrainKernels returns the kernels of training in assembly that this CPU
// can run: none on this architecture, or by the build tag purego.
func assemblyTrainKernels() []*trainKernelSet { return nil }
`)
	return files, nil
}

// amd64Train returns the assembly of kernels of training.
func amd64Train(pkg string, kernels []Kernel) ([]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("amd64,!purego")
	for _, k := range kernels {
		for _, op := range trainOps {
			if op.name == k.Op && op.n == k.Pixels {
				kernel(c, k, levelOf(k), op.build)
			}
		}
	}
	file, err := c.Result()
	if err != nil {
		return nil, fmt.Errorf("asm: %w", err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, fmt.Errorf("asm: %w", err)
	}
	return printer.NewGoAsm(printer.Config{Name: "resnetc", Pkg: pkg}).Print(file)
}

// trainStubs returns the Go side of the assembly.
func trainStubs(pkg string, arch arch, kernels []Kernel) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n//go:build %s && !purego\n\npackage %s\n", header, arch.name, pkg)
	for _, k := range kernels {
		typ, _ := argsType(k.Op)
		fmt.Fprintf(&b, "\n//go:noescape\nfunc %s(a *%s)\n", k.Name, typ)
	}
	b.WriteString(`
// assemblyTrainKernels returns the kernels of training in assembly that this CPU
// can run, the fastest first.
func assemblyTrainKernels() []*trainKernelSet {
`)
	if arch.cpu != "" {
		b.WriteString("level := cpuLevel()\n")
	}
	b.WriteString("var sets []*trainKernelSet\n")
	for i := len(isas) - 1; i >= 0; i-- {
		var set bytes.Buffer
		for _, k := range kernels {
			for _, op := range trainOps {
				if k.Level == isas[i].name && op.name == k.Op && op.n == k.Pixels {
					fmt.Fprintf(&set, "s.%s = %s\n", op.field, k.Name)
				}
			}
		}
		if set.Len() == 0 {
			continue
		}
		if arch.cpu != "" {
			fmt.Fprintf(&b, "if level >= %s ", isas[i].constant)
		}
		fmt.Fprintf(&b, "{\ns := &trainKernelSet{level: %s}\n%ssets = append(sets, s)\n}\n", isas[i].constant, set.Bytes())
	}
	b.WriteString("return sets\n}\n")
	return format.Source(b.Bytes())
}
