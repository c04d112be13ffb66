package codegen

import (
	"bytes"
	_ "embed"
	"fmt"
	"reflect"
	"text/template"

	"github.com/dave/jennifer/jen"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// renderModel gives model.go: the package comment, New and the program.
func renderModel(g *ir.Graph, l *lowering, o Options) ([]byte, error) {
	f := jen.NewFile(o.Package)
	f.HeaderComment(Header)
	f.PackageComment(packageComment(l, o))
	if o.Embed {
		f.Anon("embed")
		f.Comment("//go:embed " + weightsFile(g, o))
		f.Var().Id("weights").Index().Byte()
	} else {
		f.Comment("weights is nil: they are in " + weightsFile(g, o) + ", see WithWeightsFile.")
		f.Var().Id("weights").Index().Byte()
	}
	f.Comment("New makes a model of " + g.Name + ". Any number of goroutines may use it at once.")
	f.Func().Id("New").Params(jen.Id("opts").Op("...").Id("Option")).Params(jen.Op("*").Id("Model"), jen.Error()).Block(
		jen.Return(jen.Id("NewModel").Call(jen.Op("&").Id("program"), jen.Id("weights"), jen.Id("opts").Op("..."))),
	)
	f.Var().Id("program").Op("=").Add(literal(reflect.ValueOf(l.program), true))
	var b bytes.Buffer
	if err := f.Render(&b); err != nil {
		return nil, fmt.Errorf("codegen: model.go: %w", err)
	}
	return b.Bytes(), nil
}

func packageComment(l *lowering, o Options) string {
	p := &l.program
	precision := ""
	if o.HalfWeights {
		precision = " in half precision"
	}
	s := fmt.Sprintf("Package %s is the network %s, compiled: %d layers, %.4g MB of packed weights%s, %.4g GFLOP and %.4g MB of activations per image of %d×%d×%d.",
		o.Package, p.Name, len(p.Layers), 4*float64(p.Weights)/1e6, precision, 2*float64(l.macs())/1e9, 4*float64(p.Arena)/1e6, p.Input[0], p.Input[1], p.Input[2])
	if o.Command != "" {
		s += "\n\nIt was made by\n\n\t" + o.Command
	}
	return s
}

// macs is the number of multiply-adds of one image.
func (l *lowering) macs() int {
	n := 0
	for _, r := range l.program.Layers {
		n += r.MACs
	}
	return n
}

// literal writes a value as Go source, without the fields that are zero.
// With lines every field of a struct gets a line of its own.
func literal(v reflect.Value, lines bool) *jen.Statement {
	switch x := v.Interface().(type) {
	case runtime.Op:
		return jen.Id(opNames[x])
	case runtime.TrainOp:
		return jen.Id(trainOpNames[x])
	case runtime.Fill:
		return jen.Id(fillNames[x])
	case runtime.Buffer, runtime.Tiling, runtime.Preprocess, runtime.Slot, runtime.Turn, runtime.Bucket:
		lines = false
	}
	options := jen.Options{Open: "{", Close: "}", Separator: ",", Multi: lines}
	var items []jen.Code
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if _, isOp := v.Field(i).Interface().(runtime.Op); isOp || !v.Field(i).IsZero() {
				items = append(items, jen.Id(v.Type().Field(i).Name).Op(":").Add(literal(v.Field(i), true)))
			}
		}
		return jen.Id(v.Type().Name()).Custom(options, items...)
	case reflect.Slice, reflect.Array:
		scalar := v.Type().Elem().Kind() != reflect.Struct
		options.Multi = !scalar || v.Len() > 8
		for i := range v.Len() {
			item := literal(v.Index(i), true)
			if v.Type().Elem() == reflect.TypeFor[runtime.Tiling]() {
				if v.Index(i).IsZero() {
					continue
				}
				item = jen.Id(levelNames[i]).Op(":").Add(item)
			}
			items = append(items, item)
		}
		t := jen.Index()
		if v.Kind() == reflect.Array {
			t = jen.Index(jen.Lit(v.Len()))
		}
		elem := v.Type().Elem().Name()
		return t.Id(elem).Custom(options, items...)
	case reflect.Uint64:
		return jen.Op(fmt.Sprintf("%#x", v.Uint()))
	}
	return jen.Lit(v.Interface())
}

// opNames are the constants of runtime.Op.
var opNames = map[runtime.Op]string{
	runtime.OpConv: "OpConv", runtime.OpMaxPool: "OpMaxPool", runtime.OpAvgPool: "OpAvgPool",
	runtime.OpAffine: "OpAffine", runtime.OpAdd: "OpAdd", runtime.OpReLU: "OpReLU",
	runtime.OpSubsample: "OpSubsample", runtime.OpConcat: "OpConcat", runtime.OpSoftmax: "OpSoftmax",
	runtime.OpReorder: "OpReorder",
}

// levelNames are the constants of runtime.Level.
var levelNames = [...]string{runtime.PureGo: "PureGo", runtime.NEON: "NEON", runtime.AVX2: "AVX2", runtime.AVX512: "AVX512"}

//go:embed model_test.go.tmpl
var testSource string

var testTemplate = template.Must(template.New("model_test.go").Parse(testSource))

// renderTest gives model_test.go: an example, a self-test and a benchmark.
func renderTest(g *ir.Graph, l *lowering, o Options) ([]byte, error) {
	var b bytes.Buffer
	err := testTemplate.Execute(&b, map[string]any{
		"Header": Header, "Package": o.Package, "Name": g.Name, "Weights": weightsFile(g, o),
		"Embed": o.Embed, "Half": o.HalfWeights, "Expect": o.Expect, "MACs": l.macs(), "Program": &l.program,
	})
	return b.Bytes(), err
}
