// Neoncost says what the inner loops of the NEON kernels cost, counted from
// the instructions, for someone who has no such machine at hand:
//
//	go run ./asm/internal/neoncost              a table of all loops
//	go run ./asm/internal/neoncost -loop NAME   the first loop of a kernel in GNU syntax
//
// The table has the share of a core's peak that the loop of a convolution or a
// weight gradient can reach, and the cycles that a round of another one takes.
//
// LLVM's machine-code analyzer reads the loop, to check the arithmetic of the
// table with another model of the same core (LLVM 16 still takes an older core's):
//
//	go run ./asm/internal/neoncost -loop conv2d_f32_b16s1_6x16_neon |
//		llvm-mca -mtriple=aarch64 -mcpu=neoverse-n1 -iterations=200
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/resnetc/resnetc/asm"
	"github.com/resnetc/resnetc/asm/neon"
)

func main() {
	name := flag.String("loop", "", "print the first inner loop of `KERNEL`")
	flag.Parse()
	text, err := table()
	if *name != "" {
		text, err = loop(*name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "neoncost:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}

// kernels returns the NEON kernels' functions.
func kernels() ([]*neon.Function, error) {
	all := slices.Concat(asm.Kernels(), asm.TrainKernels())
	return asm.NEON(slices.DeleteFunc(all, func(k asm.Kernel) bool { return k.Level != "neon" }))
}

// loop returns the first inner loop of a kernel.
func loop(name string) (string, error) {
	functions, err := kernels()
	if err != nil {
		return "", err
	}
	for _, f := range functions {
		if f.Name == name {
			l := f.InnerLoops()[0]
			return fmt.Sprintf("%s:\n\t%s\n", l.Label, strings.Join(l.Text, "\n\t")), nil
		}
	}
	return "", fmt.Errorf("no NEON kernel %q; the table without -loop lists them", name)
}

// table returns a line for every inner loop.
func table() (string, error) {
	functions, err := kernels()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s %-13s %5s %5s %5s %5s %10s", "kernel", "loop", "instr", "fma", "load", "store", "instr/FLOP")
	for _, c := range cores {
		fmt.Fprintf(&b, "  %s", c.name)
	}
	b.WriteByte('\n')
	for _, f := range functions {
		for _, l := range f.InnerLoops() {
			fmt.Fprintf(&b, "%-34s %-13s %5d %5d %5d %5d", f.Name, l.Label, len(l.Text), l.MultiplyAdds, l.Loads, l.Stores)
			multiplies := strings.HasPrefix(f.Name, "conv2d") || strings.HasPrefix(f.Name, "weight_grad")
			perFLOP := ""
			if multiplies {
				perFLOP = fmt.Sprintf("%.4f", float64(len(l.Text))/float64(8*l.MultiplyAdds))
			}
			fmt.Fprintf(&b, " %10s", perFLOP)
			for _, c := range cores {
				bound := fmt.Sprintf("%.1f", c.cycles(l))
				if multiplies {
					bound = fmt.Sprintf("%.0f%%", 100*c.share(l))
				}
				fmt.Fprintf(&b, "  %*s", len(c.name), bound)
			}
			b.WriteByte('\n')
		}
	}
	return b.String(), nil
}
