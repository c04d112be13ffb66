package runtime

import "unsafe"

// Bytes is the size of all memory that a trainer of the program holds for
// steps of up to batch images with so many threads, with the program itself.
func (p *TrainProgram) Bytes(batch, threads int) int64 {
	sums, partial := p.reserved(batch)
	floats := p.Store + partial + batch*(p.Arena+p.Logits.elements()) + max(p.Scratch, p.ThreadScratch*threads)
	return 4*int64(floats) + 8*int64(sums) + int64(len(p.Layers))*int64(unsafe.Sizeof(TrainLayer{}))
}

// reserved is how many sums that several tasks compute take memory: float64s
// for each channel of a block, plane and image, and float32s of the chunks of
// weight gradients and of gathered pixels.
func (p *TrainProgram) reserved(batch int) (sums, partial int) {
	for i := range p.Layers {
		r := &p.Layers[i]
		switch r.Op {
		case TrainBatchNorm, TrainChannelGrad, TrainBiasGrad:
			sums = max(sums, batch*r.Layer.In.planes()*2*block)
		case TrainWeightGrad:
			for n := 1; n <= batch; n++ {
				dy, x := r.gathered(n)
				size := dy + x
				if c := r.gradChunks(n); c > 1 {
					size += c * r.Slot.Stored()
				}
				partial = max(partial, size)
			}
		}
	}
	return sums, partial
}
