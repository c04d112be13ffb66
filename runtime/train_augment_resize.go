package runtime

import (
	"fmt"
	"image"
)

// open gives the rows of picture i, as R, G, B bytes, and its size.
func (s *sampler) open(i int) (rows rowReader, size image.Point, used int, err error) {
	if s.data.pictures == nil {
		channels, width := s.data.shape[0], s.data.shape[2]
		pixels := s.data.pixels[i*channels*s.data.shape[1]*width:]
		return func(dst []uint8, x, y int) {
			src := pixels[(y*width+x)*channels:]
			if channels == 3 {
				copy(dst, src)
				return
			}
			for j := range dst {
				dst[j] = src[j/3]
			}
		}, image.Pt(width, s.data.shape[1]), i, nil
	}
	p := s.data.pictures
	m, i, err := p.decode(i)
	if err != nil {
		return nil, image.Point{}, i, err
	}
	rows, err = rgbRows(m)
	if err != nil {
		return nil, image.Point{}, i, p.tree.errorf(p.list[i].path, "%w", err)
	}
	return rows, m.Bounds().Size(), i, nil
}

// inMemory gives picture i of data in memory in the network's shape: one of
// another shape is prepared as [Model.Classify] does it.
func (s *sampler) inMemory(i int) ([]uint8, error) {
	if s.data.shape == s.in {
		return s.data.pixels[i*len(s.crop):][:len(s.crop)], nil
	}
	rows, size, i, err := s.open(i)
	if err != nil {
		return nil, err
	}
	to := image.Pt(s.in[2], s.in[1])
	resized, at, err := s.p.window(size, to)
	if err != nil {
		return nil, fmt.Errorf("%s: picture %d: %w", s.data.name, i, err)
	}
	if s.whole == nil {
		s.whole = make([]uint8, 3*to.X*to.Y)
	}
	resample(s.whole, rows, size, resized, image.Rectangle{Min: at, Max: at.Add(to)})
	if s.in[0] == 1 {
		for j := range s.crop {
			s.whole[j] = s.whole[3*j]
		}
	}
	return s.whole[:len(s.crop)], nil
}

// resizedCrop cuts a box out of the picture and resizes it to the input's
// size, as torchvision does: pixels outside of the box count for nothing.
func (s *sampler) resizedCrop(r *randomStream, i int) (used int, err error) {
	rows, size, i, err := s.open(i)
	if err != nil {
		return i, err
	}
	left, top, w, h := s.a.cropBox(r, size.X, size.Y)
	from := image.Rect(left, top, left+w, top+h)
	if s.in[0] == 3 {
		s.resizeBox(s.crop, rows, from)
		return i, nil
	}
	if s.rgb == nil {
		s.rgb = make([]uint8, 3*len(s.crop))
	}
	s.resizeBox(s.rgb, rows, from)
	for j := range s.crop {
		s.crop[j] = s.rgb[3*j]
	}
	return i, nil
}

// resizeBox resizes a box of a picture to the input's size, as R, G, B bytes.
func (s *sampler) resizeBox(dst []uint8, rows rowReader, from image.Rectangle) {
	box := func(dst []uint8, x, y int) { rows(dst, x+from.Min.X, y+from.Min.Y) }
	to := image.Pt(s.in[2], s.in[1])
	resample(dst, box, from.Size(), to, image.Rectangle{Max: to})
}
