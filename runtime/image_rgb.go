package runtime

import (
	"fmt"
	"image"
	"image/color"
)

// rowReader writes pixels of one row to dst, as R, G, B bytes, from column x of
// row y on; both count from the picture's upper left corner.
type rowReader func(dst []uint8, x, y int)

// rgbRows reads a picture as PIL's convert("RGB") does: transparency is
// dropped, grey becomes three equal values, and of 16 bits the upper 8 stay.
func rgbRows(img image.Image) (rowReader, error) {
	b := img.Bounds()
	last := b.Max.Sub(image.Pt(1, 1))
	// whole says whether the last pixel is there; a picture that somebody put
	// together wrongly should not end in a panic.
	whole := func(pix []uint8, offset, bytes int) error {
		if offset < 0 || offset+bytes > len(pix) {
			return fmt.Errorf("the picture %T has %d bytes of pixels, too few for %d×%d", img, len(pix), b.Dx(), b.Dy())
		}
		return nil
	}
	switch m := img.(type) {
	case *image.YCbCr:
		return ycbcrRows(m)
	case *image.NYCbCrA:
		return ycbcrRows(&m.YCbCr)
	case *image.NRGBA:
		return func(dst []uint8, x, y int) {
			pickBytes(dst, m.Pix[m.PixOffset(b.Min.X+x, b.Min.Y+y):], 4, [3]int{0, 1, 2})
		}, whole(m.Pix, m.PixOffset(last.X, last.Y), 4)
	case *image.NRGBA64:
		return func(dst []uint8, x, y int) {
			pickBytes(dst, m.Pix[m.PixOffset(b.Min.X+x, b.Min.Y+y):], 8, [3]int{0, 2, 4})
		}, whole(m.Pix, m.PixOffset(last.X, last.Y), 8)
	case *image.RGBA:
		if err := whole(m.Pix, m.PixOffset(last.X, last.Y), 4); err != nil {
			return nil, err
		}
		if m.Opaque() {
			return func(dst []uint8, x, y int) {
				pickBytes(dst, m.Pix[m.PixOffset(b.Min.X+x, b.Min.Y+y):], 4, [3]int{0, 1, 2})
			}, nil
		}
	case *image.Gray:
		return func(dst []uint8, x, y int) {
			pickBytes(dst, m.Pix[m.PixOffset(b.Min.X+x, b.Min.Y+y):], 1, [3]int{0, 0, 0})
		}, whole(m.Pix, m.PixOffset(last.X, last.Y), 1)
	case *image.Gray16:
		return func(dst []uint8, x, y int) {
			pickBytes(dst, m.Pix[m.PixOffset(b.Min.X+x, b.Min.Y+y):], 2, [3]int{0, 0, 0})
		}, whole(m.Pix, m.PixOffset(last.X, last.Y), 2)
	case *image.CMYK:
		return func(dst []uint8, x, y int) {
			cmykToRGB(dst, m.Pix[m.PixOffset(b.Min.X+x, b.Min.Y+y):])
		}, whole(m.Pix, m.PixOffset(last.X, last.Y), 4)
	case *image.Paletted:
		var palette [256][3]uint8 // black where the picture has fewer colours
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			palette[i] = toRGB(c)
		}
		return func(dst []uint8, x, y int) {
			src := m.Pix[m.PixOffset(b.Min.X+x, b.Min.Y+y):]
			for i := range len(dst) / 3 {
				copy(dst[3*i:], palette[src[i]][:])
			}
		}, whole(m.Pix, m.PixOffset(last.X, last.Y), 1)
	}
	return func(dst []uint8, x, y int) {
		for i := range len(dst) / 3 {
			rgb := toRGB(img.At(b.Min.X+x+i, b.Min.Y+y))
			copy(dst[3*i:], rgb[:])
		}
	}, nil
}

// pickBytes takes three bytes of each pixel of step bytes.
func pickBytes(dst, src []uint8, step int, which [3]int) {
	for i := 0; i+2 < len(dst); i += 3 {
		dst[i], dst[i+1], dst[i+2] = src[which[0]], src[which[1]], src[which[2]]
		src = src[min(step, len(src)):]
	}
}

// toRGB drops the transparency of a colour.
func toRGB(c color.Color) [3]uint8 {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return [3]uint8{n.R, n.G, n.B}
}

// cmykToRGB is Pillow's conversion: white minus black, less that part of it
// that the ink takes, rounded.
func cmykToRGB(dst, src []uint8) {
	for i := 0; i+2 < len(dst); i += 3 {
		white := 255 - int32(src[3])
		for c := range 3 {
			ink := int32(src[c])*white + 128
			dst[i+c] = clip8(white - (ink>>8+ink)>>8)
		}
		src = src[min(4, len(src)):]
	}
}
