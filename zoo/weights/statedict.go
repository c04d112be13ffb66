package weights

import (
	"errors"
	"fmt"
	"strings"

	"github.com/resnetc/resnetc/zoo/weights/internal/pickle"
)

// holders are the keys under which training programs keep a state_dict in a
// checkpoint, in the order of preference.
var holders = []string{"state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params"}

// maxShare bounds how much more than what the file stores its tensors may show:
// tied weights share a storage, but a small file must not fill the memory.
const maxShare = 16

// named is a tensor of a state_dict, not yet copied.
type named struct {
	name string
	view *view
}

// stateDict finds the state_dict in the value of a pickle: the value itself, or
// what a checkpoint holds.
func stateDict(value any) ([]named, error) {
	d, ok := value.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("no state_dict: the file holds something that is no dict; %s", advice)
	}
	if list := tensorsOf(d); len(list) > 0 {
		return list, nil
	}
	for _, key := range holders {
		v, _ := d.Get(key)
		if inner, ok := v.(*pickle.Dict); ok {
			if list := tensorsOf(inner); len(list) > 0 {
				return list, nil
			}
		}
	}
	var keys []string
	for _, e := range d.Entries[:min(10, len(d.Entries))] {
		keys = append(keys, fmt.Sprintf("%q", key(e.Key)))
	}
	return nil, fmt.Errorf("no state_dict: want tensors, or a dict of them as %s; the file's keys are %s",
		strings.Join(holders, ", "), strings.Join(keys, ", "))
}

func key(k any) string {
	if s, ok := k.(string); ok {
		return s
	}
	return fmt.Sprintf("%T", k)
}

// tensorsOf lists the tensors among d's values.
func tensorsOf(d *pickle.Dict) []named {
	var list []named
	for _, e := range d.Entries {
		name, ok := e.Key.(string)
		if v, isTensor := e.Value.(*view); ok && isTensor {
			list = append(list, named{name, v})
		}
	}
	return list
}

// materialize copies the tensors out of their storages, which must be filled.
func materialize(list []named, stored int) ([]Tensor, error) {
	limit := stored
	if limit < maxElems/maxShare {
		limit *= maxShare
	}
	out := make([]Tensor, len(list))
	for i, n := range list {
		if n.view.elems > limit {
			return nil, errors.New("the tensors show far more elements than the file stores")
		}
		limit -= n.view.elems
		out[i] = Tensor{n.name, n.view.shape, n.view.storage.dtype.name, n.view.materialize()}
	}
	return out, nil
}
