package codegen

import (
	"testing"

	"github.com/resnetc/resnetc/runtime"
)

// TestKeepHalos has layers write to places that overlap or not, and says which halos stay zero.
func TestKeepHalos(t *testing.T) {
	at := func(offset, side int) runtime.Buffer {
		return runtime.Buffer{Offset: offset, Channels: 16, Height: side, Width: side, Halo: 1, Block: 16}
	}
	const size = 10 * 10 * 16 // of 8x8 pixels
	bare := at(2*size, 10)
	bare.Halo = 0
	tests := []struct {
		out  runtime.Buffer
		zero bool
	}{
		{at(0, 8), false},        // the first
		{at(size, 8), false},     // another place
		{at(0, 8), true},         // behind one that ends where it begins
		{at(size, 8), true},      //
		{at(size+16, 8), false},  // shifted
		{at(size, 8), false},     // overwritten
		{at(0, 8), true},         //
		{at(0, 4), false},        // another shape
		{at(0, 8), false},        // whose pixels lie in the halo
		{bare, false},            // no halo
		{bare, false},            //
		{at(2*size, 8), false},   // overwritten by that
		{at(2*size-1, 4), false}, // by a float32
		{at(2*size, 8), false},   //
	}
	var layers []runtime.Layer
	for _, c := range tests {
		layers = append(layers, runtime.Layer{Out: c.out})
	}
	keepHalos(layers)
	for i, c := range tests {
		if layers[i].HaloZero != c.zero {
			t.Errorf("layer %d: halo is zero: %t, want %t", i, layers[i].HaloZero, c.zero)
		}
	}
}
