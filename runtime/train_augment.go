package runtime

import (
	"fmt"
	"math"
)

// Augment says how training pictures are changed at random before the network
// sees them.  What happens to a picture depends on the seed, the epoch and its
// place in the dataset, and on nothing else.  The zero value changes nothing.
type Augment struct {
	// Pad is the number of black pixels put on each side before a crop of the
	// old size is taken at random: 4 in He, Zhang, Ren, Sun, "Deep Residual
	// Learning for Image Recognition", section 4.2, for CIFAR-10.
	Pad int `json:"pad,omitempty"`
	// Scale is the range of the area of a random resized crop, relative to the
	// picture's, and Ratio that of its width to its height: {0.08, 1} and
	// {0.75, 4.0/3} for ImageNet.  Without Scale there is no such crop.
	Scale [2]float64 `json:"scale,omitzero"`
	Ratio [2]float64 `json:"ratio,omitzero"`
	// Flip mirrors half of the pictures, left to right.
	Flip bool `json:"flip,omitempty"`
	// Jitter changes colours.
	Jitter ColorJitter `json:"jitter,omitzero"`
}

// CIFARAugment is what the paper does for CIFAR-10.
func CIFARAugment() Augment { return Augment{Pad: 4, Flip: true} }

// ImageNetAugment is torchvision's for training on ImageNet.
func ImageNetAugment() Augment {
	return Augment{Scale: [2]float64{0.08, 1}, Ratio: [2]float64{0.75, 4.0 / 3}, Flip: true}
}

// resizes says whether pictures of any size become of one.
func (a Augment) resizes() bool { return a.Scale != [2]float64{} }

func (a Augment) check() error {
	switch {
	case a.Pad < 0:
		return fmt.Errorf("augmentation: %d pixels of padding, want 0 or more", a.Pad)
	case a.resizes() && a.Pad > 0:
		return fmt.Errorf("augmentation: both padding (%d) and random resized crops, want one of them", a.Pad)
	case a.resizes() && !(a.Scale[0] > 0 && a.Scale[0] <= a.Scale[1] && a.Scale[1] <= 1):
		return fmt.Errorf("augmentation: areas from %v to %v, want a range within 0 to 1", a.Scale[0], a.Scale[1])
	case a.resizes() && !(a.Ratio[0] > 0 && a.Ratio[0] <= a.Ratio[1] && a.Ratio[1] <= 100):
		return fmt.Errorf("augmentation: ratios from %v to %v, want a range such as 0.75 to 1.33", a.Ratio[0], a.Ratio[1])
	}
	return a.Jitter.check()
}

// sampler prepares pictures: one for each goroutine.
type sampler struct {
	data   *Dataset
	a      Augment
	p      Preprocess
	in     [3]int
	seed   uint64
	tables [3][256]float32 // pixels, normalized
	crop   []uint8         // what is cut out, rows of pixels of channels bytes
	rgb    []uint8         // three channels of it where the network takes one
	whole  []uint8         // a picture in memory of another shape, as inference sees it
}

func newSampler(d *Dataset, a Augment, p Preprocess, in [3]int, seed uint64) *sampler {
	s := &sampler{data: d, a: a, p: p, in: in, seed: seed, crop: make([]uint8, in[0]*in[1]*in[2])}
	for c := range s.tables {
		for v := range s.tables[c] {
			// The roundings are those of torchvision's ToTensor and Normalize;
			// the conversion keeps the compiler from fusing operations.
			s.tables[c][v] = float32(float32(float32(v)/255)-p.Mean[c]) / p.Std[c]
		}
	}
	return s
}

// train prepares picture i as it is seen in an epoch.
func (s *sampler) train(dst []float32, epoch, i int) (label int32, err error) {
	r := newRandomStream(s.seed, streamAugment, epoch, i)
	switch {
	case s.a.resizes():
		i, err = s.resizedCrop(&r, i)
	default:
		i, err = s.paddedCrop(&r, i)
	}
	if err != nil {
		return 0, err
	}
	flip := s.a.Flip && r.float() < 0.5
	if s.in[0] == 3 {
		s.a.Jitter.apply(s.crop, &r)
	}
	s.normalize(dst, flip)
	return s.data.labels[i], nil
}

// test prepares picture i without chance; the error is errSkipped for one to leave out.
func (s *sampler) test(dst []float32, i int) (label int32, err error) {
	if s.data.pictures == nil {
		pixels, err := s.inMemory(i)
		if err != nil {
			return 0, err
		}
		copy(s.crop, pixels)
		s.normalize(dst, false)
		return s.data.labels[i], nil
	}
	m, err := s.data.pictures.decodeOnly(i)
	if err != nil {
		return 0, err
	}
	if err := preprocess(dst, m, s.p, s.in[1], s.in[2]); err != nil {
		return 0, s.data.pictures.tree.errorf(s.data.pictures.list[i].path, "%w", err)
	}
	return s.data.labels[i], nil
}

// paddedCrop cuts a window of the picture's own size out of the padded picture.
func (s *sampler) paddedCrop(r *randomStream, i int) (used int, err error) {
	top, left := 0, 0
	if s.a.Pad > 0 {
		top = r.intn(2*s.a.Pad+1) - s.a.Pad
		left = r.intn(2*s.a.Pad+1) - s.a.Pad
	}
	channels, height, width := s.in[0], s.in[1], s.in[2]
	var rows rowReader
	var pixels []uint8
	if s.data.pictures != nil {
		if rows, _, i, err = s.open(i); err != nil {
			return 0, err
		}
	} else {
		if pixels, err = s.inMemory(i); err != nil {
			return 0, err
		}
	}
	clear(s.crop)
	from, to := max(0, -left), min(width, width-left)
	for y := max(0, -top); y < min(height, height-top) && from < to; y++ {
		out := s.crop[(y*width+from)*channels : (y*width+to)*channels]
		if rows != nil {
			rows(out, from+left, y+top)
		} else {
			copy(out, pixels[((y+top)*width+from+left)*channels:])
		}
	}
	return i, nil
}

// normalize writes the planes of what was cut out.
func (s *sampler) normalize(dst []float32, flip bool) {
	channels, height, width := s.in[0], s.in[1], s.in[2]
	for c := range channels {
		table := &s.tables[c]
		for y := range height {
			row := s.crop[y*width*channels+c:]
			out := dst[(c*height+y)*width:][:width]
			if flip {
				for x := range out {
					out[width-1-x] = table[row[x*channels]]
				}
				continue
			}
			for x := range out {
				out[x] = table[row[x*channels]]
			}
		}
	}
}

// cropBox is torchvision's RandomResizedCrop.get_params: ten tries of an area
// and a ratio, then the largest box of an allowed ratio, from the middle.
func (a Augment) cropBox(r *randomStream, width, height int) (left, top, w, h int) {
	low, high := math.Log(a.Ratio[0]), math.Log(a.Ratio[1])
	for range 10 {
		area := float64(width) * float64(height) * r.uniform(a.Scale[0], a.Scale[1])
		ratio := math.Exp(r.uniform(low, high))
		w = int(math.RoundToEven(math.Sqrt(area * ratio)))
		h = int(math.RoundToEven(math.Sqrt(area / ratio)))
		if 0 < w && w <= width && 0 < h && h <= height {
			top = r.intn(height - h + 1)
			left = r.intn(width - w + 1)
			return left, top, w, h
		}
	}
	w, h = width, height
	if in := float64(width) / float64(height); in < a.Ratio[0] {
		h = int(math.RoundToEven(float64(w) / a.Ratio[0]))
	} else if in > a.Ratio[1] {
		w = int(math.RoundToEven(float64(h) * a.Ratio[1]))
	}
	w, h = max(w, 1), max(h, 1)
	return (width - w) / 2, (height - h) / 2, w, h
}
