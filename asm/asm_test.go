package asm

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runtimeKernels type-checks the contract.
func runtimeKernels(t *testing.T) *types.Scope {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range []string{"program.go", "kernels.go", "train_kernels.go"} {
		file, err := parser.ParseFile(fset, "../runtime/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	// What functions do lies in other files too; the contract is what they are declared to be.
	config := types.Config{Importer: importer.Default(), IgnoreFuncBodies: true}
	pkg, err := config.Check("runtime", fset, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg.Scope()
}

func TestLayout(t *testing.T) {
	scope := runtimeKernels(t)
	for name, layout := range map[string]map[string]int{
		"convArgs":     convArgs,
		"poolArgs":     poolArgs,
		"eltwiseArgs":  eltwiseArgs,
		"winogradArgs": winogradArgs,
		"strassenArgs": strassenArgs,

		"weightGradArgs": weightGradArgs,
		"channelArgs":    channelArgs,
	} {
		args := scope.Lookup(name).Type().Underlying().(*types.Struct)
		var fields []*types.Var
		for i := range args.NumFields() {
			fields = append(fields, args.Field(i))
		}
		want := map[string]int{}
		for i, offset := range types.SizesFor("gc", "amd64").Offsetsof(fields) {
			want[fields[i].Name()] = int(offset)
		}
		if d := cmp.Diff(want, layout); d != "" {
			t.Errorf("%s (-runtime +asm):\n%s", name, d)
		}
	}
}

func TestConstants(t *testing.T) {
	scope := runtimeKernels(t)
	value := func(name string) string {
		c, ok := scope.Lookup(name).(*types.Const)
		if !ok {
			t.Fatalf("runtime/kernels.go has no constant %s", name)
		}
		return c.Val().ExactString()
	}
	var classes []string
	for _, class := range convClasses {
		classes = append(classes, value(class.constant))
	}
	if want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; !slices.Equal(classes, want) || value("convClasses") != "10" {
		t.Errorf("classes %v, want %v of %s", classes, want, value("convClasses"))
	}
	if value("flagReLU") != "1" || value("flagAccumulate") != "2" || value("flagNear") != "4" || value("flagBare") != "16" {
		t.Errorf("flagReLU %s, flagAccumulate %s, flagNear %s, flagBare %s; asm has %d, %d, %d and %d",
			value("flagReLU"), value("flagAccumulate"), value("flagNear"), value("flagBare"), flagReLU, flagAccumulate, flagNear, flagBare)
	}
	if value("maxTile") != "28" || value("maxBlocks") != "4" {
		t.Errorf("maxTile %s, maxBlocks %s: see that isas uses them well", value("maxTile"), value("maxBlocks"))
	}
}

func TestTable(t *testing.T) {
	names := map[string]bool{}
	rows := map[Kernel]bool{}
	for _, k := range Kernels() {
		if names[k.Name] {
			t.Errorf("two kernels are named %s", k.Name)
		}
		names[k.Name] = true
		rows[k] = true
	}
	count := 0
	for _, isa := range isas {
		for blocks := range 5 {
			for class := range convClasses {
				for pixels := range ConvTile(isa.name, class, blocks) {
					count++
					if k := Conv(isa.name, class, blocks, pixels+1); !rows[k] {
						t.Errorf("no row %+v", k)
					}
				}
			}
		}
		for _, op := range ops {
			count++
			if name := op.name + "_f32_" + op.class + "_" + isa.name; !names[name] {
				t.Errorf("no row %s", name)
			}
		}
	}
	if count != len(rows) {
		t.Errorf("%d rows, want %d", len(rows), count)
	}
	for _, none := range []int{ConvTile("avx2", 0, 4), ConvTile("avx512", 0, -1), ConvTile("avx512", 0, 3), ConvTile("neon", 0, 3), ConvTile("neon", 6, 2), ConvTile("neon", -1, 1)} {
		if none != 0 {
			t.Errorf("ConvTile gives %d pixels to a tile that has no kernel", none)
		}
	}
	if got, want := Conv("avx512", 0, 2, 14).Name, "conv2d_f32_b16s1_14x32_avx512"; got != want {
		t.Errorf("name %s, want %s", got, want)
	}
}

// TestRegisters checks that AVX2 kernels use no register and no instruction
// that AVX2, FMA and F16C lack.
func TestRegisters(t *testing.T) {
	var want []Kernel
	for _, k := range Kernels() {
		if k.Level == "avx2" {
			want = append(want, k)
		}
	}
	files, err := Emit("kernels", want)
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["kernels_amd64.s"])
	if m := regexp.MustCompile(`\b(Z\d+|K[0-7]|[XY](1[6-9]|[23]\d))\b|AVX512|BCST`).FindString(text); m != "" {
		t.Errorf("AVX2 kernels have %s", m)
	}
	if !strings.Contains(text, "Y15") {
		t.Error("no kernel uses Y15: is this the text of the kernels?")
	}
	if stubs := string(files["kernels_amd64.go"]); strings.Contains(stubs, "level: AVX512") {
		t.Error("a set for AVX-512 although none of its kernels is wanted")
	}
}

func TestEmitDeterministic(t *testing.T) {
	want := []Kernel{
		Conv("avx512", 0, 2, 14), Conv("avx2", 0, 1, 6), Conv("avx512", 3, 4, 7), Conv("avx2", 2, 2, 3),
		Kernels()[len(Kernels())-1],
	}
	first, err := Emit("net", want)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(want)
	second, err := Emit("net", append(want, want[0]))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Errorf("another order gives other files:\n%s", d)
	}
	for _, name := range []string{"kernels_amd64.s", "kernels_amd64.go", "kernels_other.go"} {
		if !strings.HasPrefix(string(first[name]), header) {
			t.Errorf("%s does not start with %q", name, header)
		}
	}
	for _, k := range want {
		if n := strings.Count(string(first["kernels_amd64.s"]), "TEXT ·"+k.Name+"(SB)"); n != 1 {
			t.Errorf("%s is there %d times", k.Name, n)
		}
	}
	if n := strings.Count(string(first["kernels_amd64.s"]), "TEXT"); n != len(want)+2 {
		t.Errorf("%d functions, want %d kernels and cpuid, xgetbv", n, len(want))
	}
}

func TestEmitNothing(t *testing.T) {
	files, err := Emit("net", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(files["kernels_other.go"]); len(files) != 1 || strings.Contains(text, "go:build") {
		t.Errorf("%d files; kernels_other.go:\n%s", len(files), text)
	}
}

func TestEmitErrors(t *testing.T) {
	for _, test := range []struct {
		pkg  string
		want Kernel
		err  string
	}{
		{"no-name", Conv("avx2", 0, 1, 1), `"no-name" is not the name of a Go package`},
		{"func", Conv("avx2", 0, 1, 1), `"func" is not the name of a Go package`},
		{"net", Conv("avx2", 0, 1, 7), "no kernel"},
		{"net", Conv("avx2", len(convClasses), 1, 1), "no kernel"},
		{"net", Conv("sse", 0, 1, 1), "no kernel"},
		{"net", Kernel{Name: "add_f32_b16_avx2", Op: "sub", Level: "avx2"}, "no kernel"},
	} {
		_, err := Emit(test.pkg, []Kernel{test.want})
		if err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s, %+v: error %v, want one with %q", test.pkg, test.want, err, test.err)
		}
	}
}
