package runtime

import (
	"fmt"
	"image"
)

// ycbcrRows reads a decoded JPEG as libjpeg does, and so PIL: a chroma plane
// of half the size is interpolated with a triangle filter ("fancy upsampling",
// jdsample.c), where Go's own conversion repeats each value, and colours are
// converted with 16 binary places (jdcolor.c).  On ImageNet's validation
// pictures that takes the mean difference from PIL's pixels from 0.9 to 0.04.
func ycbcrRows(m *image.YCbCr) (rowReader, error) {
	b := m.Rect
	last := b.Max.Sub(image.Pt(1, 1))
	first := m.COffset(b.Min.X, b.Min.Y)
	if c := m.COffset(last.X, last.Y); m.YOffset(last.X, last.Y) >= len(m.Y) || c >= len(m.Cb) || c >= len(m.Cr) || c < first || first < 0 {
		return nil, fmt.Errorf("the picture %T has too few values for %d×%d pixels", m, b.Dx(), b.Dy())
	}
	u := upsampler{
		YCbCr: m,
		left:  first,
		width: m.COffset(last.X, b.Min.Y) - first + 1,
	}
	u.sums = make([]int32, u.width+2)
	cb, cr := make([]uint8, b.Dx()), make([]uint8, b.Dx())
	return func(dst []uint8, x, y int) {
		n := len(dst) / 3
		u.row(cb, m.Cb, b.Min.Y+y)
		u.row(cr, m.Cr, b.Min.Y+y)
		ycbcrToRGB(dst, m.Y[m.YOffset(b.Min.X+x, b.Min.Y+y):][:n], cb[x:][:n], cr[x:][:n])
	}, nil
}

func ycbcrToRGB(dst, luma, cb, cr []uint8) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for i, l := range luma {
		y, blue, red := int32(l), int32(cb[i])-128, int32(cr[i])-128
		d := dst[3*i:][:3]
		d[0] = clip8(y + (91881*red+1<<15)>>16)             // 1.402
		d[1] = clip8(y + (-22554*blue-46802*red+1<<15)>>16) // 0.34414, 0.71414
		d[2] = clip8(y + (116130*blue+1<<15)>>16)           // 1.772
	}
}

// upsampler brings chroma to the size of the luma.
type upsampler struct {
	*image.YCbCr
	left  int     // offset of the first value of the first row
	width int     // values in a row
	sums  []int32 // a row, with the first and the last value twice
}

// chroma is the row of a plane that belongs to row y of the picture.
func (u *upsampler) chroma(plane []uint8, y int) []uint8 {
	return plane[u.COffset(u.Rect.Min.X, y):][:u.width]
}

// row writes row y of a chroma plane, at the width of the picture.
func (u *upsampler) row(dst []uint8, plane []uint8, y int) {
	near := u.chroma(plane, y)
	// The next nearest row is above an even one and below an odd one.
	far := u.chroma(plane, max(y-1, u.Rect.Min.Y))
	if y&1 == 1 {
		far = u.chroma(plane, min(y+1, u.Rect.Max.Y-1))
	}
	fancy := u.width > 2 // libjpeg repeats the values of narrower planes
	switch ratio := u.SubsampleRatio; {
	case ratio == image.YCbCrSubsampleRatio444:
		copy(dst, near)
	case ratio == image.YCbCrSubsampleRatio440:
		far = far[:len(near)]
		for i, v := range near {
			dst[i] = uint8((3*int(v) + int(far[i]) + 1 + y&1) >> 2)
		}
	case ratio == image.YCbCrSubsampleRatio422 && fancy:
		sums := u.sums[1:][:len(near)]
		for i, v := range near {
			sums[i] = int32(v)
		}
		u.columns(dst, 1, 2, 2)
	case ratio == image.YCbCrSubsampleRatio420 && fancy:
		sums := u.sums[1:][:len(near)]
		far = far[:len(near)]
		for i, v := range near {
			sums[i] = 3*int32(v) + int32(far[i])
		}
		u.columns(dst, 8, 7, 4)
	default:
		start := u.COffset(u.Rect.Min.X, y)
		for i := range dst {
			dst[i] = near[u.COffset(u.Rect.Min.X+i, y)-start]
		}
	}
}

// columns makes two values of each sum, weighing it 3 to 1 with its neighbour
// on that side.  The roundings of even and odd columns go up and down in turn.
func (u *upsampler) columns(dst []uint8, even, odd int32, shift int) {
	s := u.sums
	s[0], s[len(s)-1] = s[1], s[len(s)-2]
	if u.Rect.Min.X&1 == 1 { // the picture is a part that begins with an odd column
		dst[0] = uint8((3*s[1] + s[2] + odd) >> shift)
		dst, s = dst[1:], s[1:]
	}
	for ; len(dst) >= 2 && len(s) >= 3; dst, s = dst[2:], s[1:] {
		dst[0] = uint8((3*s[1] + s[0] + even) >> shift)
		dst[1] = uint8((3*s[1] + s[2] + odd) >> shift)
	}
	if len(dst) == 1 {
		dst[0] = uint8((3*s[1] + s[0] + even) >> shift)
	}
}
