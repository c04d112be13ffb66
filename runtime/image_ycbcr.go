package runtime

import (
	"fmt"
	"image"
)

// ycbcrRows reads a decoded JPEG as libjpeg does, and so PIL: a chroma plane
// of half the size is interpolated with a triangle filter ("fancy upsampling",
// jdsample.c), where Go's own conversion repeats each value, and colours are
// converted with 16 binary places (jdcolor.c).
func ycbcrRows(m *image.YCbCr) (rowReader, error) {
	b := m.Rect
	last := b.Max.Sub(image.Pt(1, 1))
	if c := m.COffset(last.X, last.Y); m.YOffset(last.X, last.Y) >= len(m.Y) || c >= len(m.Cb) || c >= len(m.Cr) || c < 0 {
		return nil, fmt.Errorf("the picture %T has too few values for %d×%d pixels", m, b.Dx(), b.Dy())
	}
	buffer := make([]uint8, 2*b.Dx())
	return func(dst []uint8, x, y int) {
		n := len(dst) / 3
		x, y = b.Min.X+x, b.Min.Y+y
		cb, cr := buffer[:n], buffer[b.Dx():][:n]
		upsample(cb, m, m.Cb, x, y)
		upsample(cr, m, m.Cr, x, y)
		for i, l := range m.Y[m.YOffset(x, y):][:n] {
			luma, blue, red := int32(l), int32(cb[i])-128, int32(cr[i])-128
			dst[3*i] = clip8(luma + (91881*red+1<<15)>>16)               // 1.402
			dst[3*i+1] = clip8(luma + (-22554*blue-46802*red+1<<15)>>16) // 0.34414, 0.71414
			dst[3*i+2] = clip8(luma + (116130*blue+1<<15)>>16)           // 1.772
		}
	}, nil
}

// upsample writes a row of a chroma plane, from the pixel at x, y on, at the
// width of the luma.
func upsample(dst []uint8, m *image.YCbCr, plane []uint8, x, y int) {
	row := func(y int) []uint8 {
		from := m.COffset(m.Rect.Min.X, y)
		return plane[from : from+m.COffset(m.Rect.Max.X-1, y)-m.COffset(m.Rect.Min.X, y)+1]
	}
	// The next nearest row is above an even one and below an odd one.
	neighbour := max(y-1, m.Rect.Min.Y)
	if y&1 == 1 {
		neighbour = min(y+1, m.Rect.Max.Y-1)
	}
	near, start := row(y), m.COffset(m.Rect.Min.X, y)
	fancy := len(near) > 2 // libjpeg repeats the values of narrower ones
	switch ratio := m.SubsampleRatio; {
	case ratio == image.YCbCrSubsampleRatio444:
		copy(dst, near[m.COffset(x, y)-start:])
	case ratio == image.YCbCrSubsampleRatio440:
		from := m.COffset(x, y) - start
		upsampleRows(dst, near[from:], row(neighbour)[from:], 1+y&1)
	case ratio == image.YCbCrSubsampleRatio422 && fancy:
		upsampleColumns(dst, near, nil, x, m.Rect.Min.X)
	case ratio == image.YCbCrSubsampleRatio420 && fancy:
		upsampleColumns(dst, near, row(neighbour), x, m.Rect.Min.X)
	default:
		for i := range dst {
			dst[i] = near[m.COffset(x+i, y)-start]
		}
	}
}

// upsampleRows weighs two rows 3 to 1.
func upsampleRows(dst, near, far []uint8, bias int) {
	for i := range dst {
		dst[i] = uint8((3*int(near[i]) + int(far[i]) + bias) >> 2)
	}
}

// upsampleColumns weighs two columns 3 to 1, and before that two rows too if
// far is not nil.  dst begins at column x of the luma, near at that of left.
func upsampleColumns(dst, near, far []uint8, x, left int) {
	shift, even, odd := 2, 1, 2 // the roundings go up and down in turn
	value := func(i int) int { return int(near[min(max(i, 0), len(near)-1)]) }
	if far != nil {
		shift, even, odd = 4, 8, 7
		value = func(i int) int {
			i = min(max(i, 0), len(near)-1)
			return 3*int(near[i]) + int(far[i])
		}
	}
	for i := range dst {
		c := (x+i)/2 - left/2
		if (x+i)&1 == 0 {
			dst[i] = uint8((3*value(c) + value(c-1) + even) >> shift)
		} else {
			dst[i] = uint8((3*value(c) + value(c+1) + odd) >> shift)
		}
	}
}
