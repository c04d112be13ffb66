package weights

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/zoo"
)

// network builds a network of the zoo, and tensors that fit it.
func network(t *testing.T, name string) (*ir.Graph, []Tensor) {
	t.Helper()
	m, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	build := func() *ir.Graph {
		g, err := m.Graph(zoo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	filled := build()
	zoo.Formula(filled, "")
	return build(), Params(filled)
}

// find returns the tensor called name.
func find(t *testing.T, list []Tensor, name string) *Tensor {
	t.Helper()
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	t.Fatalf("no tensor %s", name)
	return nil
}

func TestBind(t *testing.T) {
	g, list := network(t, "resnet8_cifar")
	list = append(list, Tensor{Name: "bn1.num_batches_tracked", Shape: []int{}, DType: "I64"})
	slices.Reverse(list)
	if err := Bind(g, list, "f"); err != nil {
		t.Fatal(err)
	}
	for _, p := range g.Params {
		tensor := find(t, list, p.Name)
		if !slices.Equal(p.Data, tensor.Data) {
			t.Errorf("%s has other data than its tensor", p.Name)
		}
		if &p.Data[0] == &tensor.Data[0] {
			t.Errorf("%s shares its tensor's memory", p.Name)
		}
	}
}

func TestBindErrors(t *testing.T) {
	nan := float32(math.NaN())
	for _, tt := range []struct {
		name   string
		change func(list []Tensor) []Tensor
		want   []string // lines, in order, or parts of them
	}{
		{"missing and extra", func(list []Tensor) []Tensor {
			find(t, list, "layer1.0.conv1.weight").Name = "layer1.0.cnv1.weight"
			find(t, list, "bn1.bias").Name = "zzz"
			return append(list, Tensor{Name: "more", Shape: []int{1}, DType: "F32", Data: []float32{0}})
		}, []string{
			"weights: dir/w.pth does not fit resnet8_cifar: 2 of 37 parameters are missing, 3 tensors are unknown, 0 are wrong:",
			`"bn1.bias", of shape [16], is missing`,
			`"layer1.0.conv1.weight", of shape [16 16 3 3], is missing; the closest name is "layer1.0.cnv1.weight"`,
			`"zzz", of shape [16], is not a parameter`,
			`"layer1.0.cnv1.weight", of shape [16 16 3 3], is not a parameter`,
			`"more", of shape [1], is not a parameter`,
		}},
		{"shapes", func(list []Tensor) []Tensor {
			find(t, list, "conv1.weight").Shape = []int{16, 27}
			find(t, list, "bn1.bias").Shape = []int{4, 4}
			return list
		}, []string{"does not fit", `"conv1.weight" has shape [16 27], want [16 3 3 3]`, `"bn1.bias" has shape [4 4], want [16]`}},
		{"classes", func(list []Tensor) []Tensor {
			*find(t, list, "linear.weight") = Tensor{"linear.weight", []int{7, 64}, "F32", make([]float32, 7*64)}
			*find(t, list, "linear.bias") = Tensor{"linear.bias", []int{7}, "F32", make([]float32, 7)}
			return list
		}, []string{"does not fit", `want [10 64]: these weights are for 7 classes, pass -classes 7`, `want [10]: these weights are for 7 classes, pass -classes 7`}},
		{"not finite", func(list []Tensor) []Tensor {
			find(t, list, "conv1.weight").Data[5] = nan
			find(t, list, "conv1.weight").Data[6] = nan
			find(t, list, "bn1.weight").Data[15] = float32(math.Inf(-1))
			return list
		}, []string{"does not fit", `"conv1.weight" is NaN at index 5, want a finite number`, `"bn1.weight" is -Inf at index 15`}},
		{"variance", func(list []Tensor) []Tensor {
			find(t, list, "bn1.running_var").Data[3] = -1
			return list
		}, []string{"does not fit", `"bn1.running_var" is -1 at index 3, want a variance`}},
		{"integers", func(list []Tensor) []Tensor {
			find(t, list, "bn1.weight").DType = "I32"
			find(t, list, "bn1.weight").Data = nil
			return list
		}, []string{"does not fit", `"bn1.weight" has 0 elements of type I32, want 16 of a float type`}},
		{"other name of the classifier", func(list []Tensor) []Tensor {
			find(t, list, "linear.weight").Name = "fc.weight"
			find(t, list, "linear.bias").Name = "fc.bias"
			return list
		}, []string{"does not fit", `"linear.weight"`, `"linear.bias"`, `"fc.weight"`, `"fc.bias"`, `the file says "fc" where the network says "linear"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, list := network(t, "resnet8_cifar")
			err := Bind(g, tt.change(list), "dir/w.pth")
			if err == nil {
				t.Fatal("no error")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d lines, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("line %d is\n%s\nwant\n%s", i, lines[i], want)
				}
			}
			for _, p := range g.Params {
				if p.Data != nil {
					t.Fatalf("%s is bound in spite of the error", p.Name)
				}
			}
		})
	}
}

// A systematic other name, in the middle of many.
func TestBindRenamed(t *testing.T) {
	g, list := network(t, "resnet18")
	for i := range list {
		list[i].Name = strings.Replace(list[i].Name, "downsample", "shortcut", 1)
	}
	err := Bind(g, list, "f")
	if err == nil || !strings.Contains(err.Error(), `the file says "shortcut" where the network says "downsample"`) {
		t.Errorf("error %v, want a hint at the other name", err)
	}
}

// Weights of quite another network: everything is listed, and soon.
func TestBindOtherNetwork(t *testing.T) {
	g, _ := network(t, "resnet1202_cifar")
	_, list := network(t, "preact_resnet164_cifar")
	for i := range list {
		list[i].Name = "backbone." + list[i].Name
	}
	err := Bind(g, list, "f")
	if err == nil {
		t.Fatal("no error")
	}
	if n := strings.Count(err.Error(), "\n"); n < len(g.Params)+len(list) {
		t.Errorf("%d lines, want %d", n, len(g.Params)+len(list))
	}
}
