package runtime

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// NetworkFingerprint identifies a network in a checkpoint.
type NetworkFingerprint struct {
	Name  string `json:"name"`
	Input [3]int `json:"input"`          // channels, height, width
	Hash  string `json:"hash,omitempty"` // of what it computes, whatever its name; "" if nobody knows
}

// difference says what sets n apart from an earlier network; "" for nothing.
func (n NetworkFingerprint) difference(before NetworkFingerprint) string {
	describe := func(n NetworkFingerprint) string {
		return fmt.Sprintf("%s for images of %d×%d×%d", n.Name, n.Input[0], n.Input[1], n.Input[2])
	}
	now, then := describe(n), describe(before)
	switch {
	case n.Input == before.Input && n.Hash == before.Hash:
		return ""
	case now != then:
		return fmt.Sprintf("%s, before %s", now, then)
	}
	return fmt.Sprintf("%s with other layers than before, such as their strides (hash %s, before %s)", now, n.Hash, before.Hash)
}

// compareTensors names the first few differences between a network's tensors
// and a checkpoint's; nil for none.
func compareTensors(what string, have, saved []Tensor) error {
	var lines []string
	for _, t := range have {
		i := slices.IndexFunc(saved, func(s Tensor) bool { return s.Name == t.Name })
		switch {
		case i < 0:
			lines = append(lines, t.Name+" is not in the checkpoint")
		case !slices.Equal(t.Shape, saved[i].Shape):
			lines = append(lines, fmt.Sprintf("%s has shape %v, in the checkpoint %v", t.Name, t.Shape, saved[i].Shape))
		}
	}
	for _, s := range saved {
		if !slices.ContainsFunc(have, func(t Tensor) bool { return t.Name == s.Name }) {
			lines = append(lines, s.Name+" is only in the checkpoint")
		}
	}
	if len(lines) == 0 {
		return nil
	}
	const most = 5
	if n := len(lines); n > most {
		lines = append(lines[:most], fmt.Sprintf("and %d more", n-most))
	}
	return fmt.Errorf("the checkpoint's %s are of another network: %s", what, strings.Join(lines, "; "))
}

// difference names what sets a recipe apart from an earlier one; "" for nothing.
func (r Recipe) difference(before Recipe) string {
	var lines []string
	now, then := reflect.ValueOf(r), reflect.ValueOf(before)
	for i := range now.NumField() {
		// As JSON, in which an absent list and an empty one are the same.
		a, _ := json.Marshal(now.Field(i).Interface())
		b, _ := json.Marshal(then.Field(i).Interface())
		if string(a) != string(b) {
			name, _, _ := strings.Cut(now.Type().Field(i).Tag.Get("json"), ",")
			lines = append(lines, fmt.Sprintf("%s is %s, before %s", name, a, b))
		}
	}
	return strings.Join(lines, "; ")
}

// split takes tensors with a prefix out of a list, without the prefix.
func splitTensors(tensors []Tensor, prefix string) []Tensor {
	var out []Tensor
	for _, t := range tensors {
		if name, ok := strings.CutPrefix(t.Name, prefix); ok {
			out = append(out, Tensor{name, t.Shape, t.Data})
		}
	}
	return out
}

// prefixTensors is the opposite.
func prefixTensors(tensors []Tensor, prefix string) []Tensor {
	out := make([]Tensor, len(tensors))
	for i, t := range tensors {
		out[i] = Tensor{prefix + t.Name, t.Shape, t.Data}
	}
	return out
}
