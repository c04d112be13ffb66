package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// peakChains is the number of independent multiply-adds in a round of a peak
// loop: more than latency times throughput of any CPU that there is.
const peakChains = 12

// peak returns the assembly of peak_avx2 and peak_avx512, functions that do
// peakChains multiply-adds of a full register in each of n rounds, and nothing
// else: the peak that the benchmarks compare with.
func peak() ([]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("amd64,!purego")
	for _, level := range []struct {
		name string
		spec reg.Spec
	}{
		{"peak_avx2", reg.S256},
		{"peak_avx512", reg.S512},
	} {
		c.Function(level.name)
		c.Attributes(attr.NOSPLIT)
		c.SignatureExpr("func(n int)")
		c.MOVQ(operand.NewParamAddr("n", 0), reg.RAX)
		for i := range reg.Index(peakChains + 1) {
			r := reg.Vector.Lookup(i, reg.S256)
			c.VXORPS(r, r, r)
		}
		c.Label("round")
		for i := range reg.Index(peakChains) {
			zero := reg.Vector.Lookup(peakChains, level.spec)
			c.VFMADD231PS(zero, zero, reg.Vector.Lookup(i, level.spec))
		}
		c.DECQ(reg.RAX)
		c.JNE(operand.LabelRef("round"))
		c.VZEROUPPER()
		c.RET()
	}
	file, err := c.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, err
	}
	return printer.NewGoAsm(printer.Config{Name: "resnetc", Pkg: "kernels"}).Print(file)
}
