package codegen

import "github.com/resnetc/resnetc/runtime"

// keepHalos finds the layers whose output's halo is zero already: one before has
// written a value of the same shape to the same place, with its halo, and none in
// between anything there.  A residual network's blocks use a few such places in
// turn.  Clearing them every time took a twentieth of ResNet-20's time.
func keepHalos(layers []runtime.Layer) {
	end := func(b runtime.Buffer) int {
		planes := (b.Channels + b.Block - 1) / b.Block
		return b.Offset + planes*(b.Height+2*b.Halo)*(b.Width+2*b.Halo)*b.Block
	}
	for i := range layers {
		out := layers[i].Out
		for k := i - 1; k >= 0 && out.Halo > 0; k-- {
			if was := layers[k].Out; was.Offset < end(out) && out.Offset < end(was) {
				layers[i].HaloZero = was == out
				break
			}
		}
	}
}
