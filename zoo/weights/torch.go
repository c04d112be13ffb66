package weights

import (
	"errors"
	"fmt"
	"strings"

	"github.com/resnetc/resnetc/zoo/weights/internal/pickle"
)

// advice ends the error for a pickle that wants what is not read.
const advice = "save the weights alone: torch.save(model.state_dict(), PATH), or as safetensors"

var errWholeModel = errors.New("a whole pickled model, which needs its Python code; " + advice)

// view is a tensor of a pickle: a strided window on a storage, checked to lie
// inside of it.
type view struct {
	storage        *storage
	offset         int // in elements
	shape, strides []int
	elems          int
}

func (v *view) String() string { return "a tensor" }

// callables are the only functions that a pickle may call.
var callables = map[string]pickle.Callable{
	"collections.OrderedDict":         orderedDict,
	"torch._utils._rebuild_tensor":    rebuildTensor, // before PyTorch 0.4
	"torch._utils._rebuild_tensor_v2": rebuildTensor,
	"torch._utils._rebuild_parameter": rebuildParameter,
	"torch.Size":                      func(args pickle.Tuple) (any, error) { return args, nil },
}

func resolveGlobal(module, name string) (any, error) {
	if f, ok := callables[module+"."+name]; ok {
		return f, nil
	}
	if d, ok := storages[name]; ok && module == "torch" {
		return class{name, dtypeNamed(d)}, nil
	}
	what := fmt.Sprintf("%q", module+"."+name)
	if strings.HasPrefix(module, "__torch__") {
		return nil, fmt.Errorf("the pickle wants %s, a TorchScript class; %s", what, advice)
	}
	return nil, fmt.Errorf("the pickle wants %s, which is never called here: only tensors and plain data are read; %s", what, advice)
}

// orderedDict has no arguments, or in Python 2's pickles a list of pairs.
func orderedDict(args pickle.Tuple) (any, error) {
	d := new(pickle.Dict)
	if len(args) == 0 {
		return d, nil
	}
	l, ok := args[0].(*pickle.List)
	if !ok || len(args) != 1 {
		return nil, errors.New("OrderedDict: want no argument or a list of pairs")
	}
	for _, item := range l.Items {
		switch pair := item.(type) {
		case pickle.Tuple:
			if len(pair) == 2 {
				d.Set(pair[0], pair[1])
				continue
			}
		case *pickle.List:
			if len(pair.Items) == 2 {
				d.Set(pair.Items[0], pair.Items[1])
				continue
			}
		}
		return nil, errors.New("OrderedDict: an item that is no pair")
	}
	return d, nil
}

// rebuildParameter has the arguments tensor, requires_grad, backward_hooks.
func rebuildParameter(args pickle.Tuple) (any, error) {
	if len(args) >= 1 {
		if v, ok := args[0].(*view); ok {
			return v, nil
		}
	}
	return nil, errors.New("_rebuild_parameter: the first argument is no tensor")
}

// rebuildTensor has the arguments storage, offset, size, stride, and in its
// second version requires_grad, backward_hooks and sometimes metadata.
func rebuildTensor(args pickle.Tuple) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("_rebuild_tensor: %d arguments, want at least 4", len(args))
	}
	s, ok := args[0].(*storage)
	if !ok {
		return nil, errors.New("_rebuild_tensor: the first argument is no storage")
	}
	offset, ok1 := args[1].(int64)
	shape, ok2 := ints(args[2])
	strides, ok3 := ints(args[3])
	if !ok1 || !ok2 || !ok3 || len(shape) != len(strides) {
		return nil, errors.New("_rebuild_tensor: offset, size or stride are no numbers, or not as many as each other")
	}
	n, ok := elems(shape, maxElems)
	if !ok || offset < 0 || offset > int64(s.elems) {
		return nil, fmt.Errorf("a tensor of shape %v from element %d of a storage of %d", shape, offset, s.elems)
	}
	room := s.elems - int(offset) - 1 // the highest index that is left
	for i, d := range shape {
		if n == 0 {
			break
		}
		if strides[i] < 0 || room < 0 || d > 1 && strides[i] > room/(d-1) {
			return nil, fmt.Errorf("a tensor of shape %v with strides %v from element %d reaches beyond its storage of %d", shape, strides, offset, s.elems)
		}
		room -= (d - 1) * strides[i]
	}
	if n > 0 && room < 0 { // a scalar beyond the end
		return nil, fmt.Errorf("a scalar at element %d of a storage of %d", offset, s.elems)
	}
	return &view{s, int(offset), shape, strides, n}, nil
}

// ints converts a tuple or list of a few integers.
func ints(v any) ([]int, bool) {
	var items []any
	switch v := v.(type) {
	case pickle.Tuple:
		items = v
	case *pickle.List:
		items = v.Items
	default:
		return nil, false
	}
	if len(items) > maxAxes {
		return nil, false
	}
	out := make([]int, len(items))
	for i, x := range items {
		n, ok := x.(int64)
		if !ok || int64(int(n)) != n {
			return nil, false
		}
		out[i] = int(n)
	}
	return out, true
}

// maxAxes is PyTorch's limit on a tensor's axes.
const maxAxes = 64

// materialize copies the elements that v shows, in row-major order, as float32;
// nil for integer types.
func (v *view) materialize() []float32 {
	d, data := v.storage.dtype, v.storage.bytes()
	if d.float == nil {
		return nil
	}
	data = data[v.offset*d.size:]
	if v.contiguous() {
		return d.decode(data[:v.elems*d.size])
	}
	out := make([]float32, 0, v.elems)
	index := make([]int, len(v.shape))
	for at := 0; len(out) < v.elems; {
		out = append(out, d.float(data[at*d.size:]))
		for axis := len(index) - 1; axis >= 0; axis-- {
			index[axis]++
			at += v.strides[axis]
			if index[axis] < v.shape[axis] {
				break
			}
			at -= index[axis] * v.strides[axis]
			index[axis] = 0
		}
	}
	return out
}

// contiguous reports whether the elements lie in row-major order without gaps.
func (v *view) contiguous() bool {
	step := 1
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] != 1 && v.strides[i] != step {
			return false
		}
		step *= v.shape[i]
	}
	return true
}
