package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the formats that DecodeImage knows
	_ "image/jpeg"
	_ "image/png"
	"io"
)

const (
	maxImagePixels = 100_000_000 // that DecodeImage allocates memory for
	maxImageSide   = 1 << 20     // that preprocess computes filters for
)

// DecodeImage reads a JPEG, PNG or GIF picture (a GIF's first frame).  The size
// is checked before memory is allocated: more than 100 million pixels are an
// error, like a damaged file or another format.  Turned pictures are left as
// they are stored, whatever their EXIF data say, as torchvision leaves them.
func DecodeImage(r io.Reader) (image.Image, error) {
	var head bytes.Buffer
	config, format, err := image.DecodeConfig(io.TeeReader(r, &head))
	switch {
	case errors.Is(err, image.ErrFormat) && head.Len() == 0:
		return nil, errors.New("the picture is empty")
	case errors.Is(err, image.ErrFormat):
		return nil, errors.New("not a JPEG, PNG or GIF picture: convert it to one of these")
	case err != nil:
		return nil, fmt.Errorf("damaged picture: %w", err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return nil, fmt.Errorf("damaged picture: %s of %d×%d pixels", format, config.Width, config.Height)
	}
	if int64(config.Width)*int64(config.Height) > maxImagePixels {
		return nil, fmt.Errorf("the picture has %d×%d pixels, more than the %d million that are read: make it smaller",
			config.Width, config.Height, maxImagePixels/1_000_000)
	}
	img, _, err := image.Decode(io.MultiReader(&head, r))
	if err != nil {
		return nil, fmt.Errorf("damaged picture: %w", err)
	}
	return img, nil
}

// preprocess turns a picture into h by w pixels of float32 in planes R, G, B.
//
// It does what torchvision's ImageNet transforms do to a PIL image: Resize (the
// shorter side, bilinear with antialiasing), CenterCrop (black where the
// picture is too small), ToTensor and Normalize.  Given the same RGB pixels the
// result is theirs, bit for bit.  p.Crop 0 resizes to h by w exactly.
func preprocess(dst []float32, img image.Image, p Preprocess, h, w int) error {
	if img == nil {
		return errors.New("the picture is nil")
	}
	size := img.Bounds().Size()
	switch {
	case size.X <= 0 || size.Y <= 0:
		return fmt.Errorf("the picture is empty: %d×%d pixels", size.X, size.Y)
	case size.X > maxImageSide || size.Y > maxImageSide:
		return fmt.Errorf("the picture has %d×%d pixels, want at most %d a side", size.X, size.Y, maxImageSide)
	case len(dst) != 3*h*w:
		return fmt.Errorf("room for %d values, want %d (3×%d×%d)", len(dst), 3*h*w, h, w)
	case p.Crop != 0 && (p.Crop != h || p.Crop != w):
		return fmt.Errorf("the crop is %d×%d pixels and the input %d×%d: they must be the same", p.Crop, p.Crop, h, w)
	}
	rows, err := rgbRows(img)
	if err != nil {
		return err
	}
	resized, at, err := p.window(size, image.Pt(w, h))
	if err != nil {
		return err
	}
	pixels := make([]uint8, 3*h*w)
	resample(pixels, rows, size, resized, image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))})
	p.normalize(dst, pixels)
	return nil
}

// window says to what size a picture is resized, and where in that the corner
// of the window lies that the network sees: outside if the picture is smaller.
func (p Preprocess) window(size, input image.Point) (resized, at image.Point, err error) {
	if p.Crop == 0 {
		return input, image.Point{}, nil
	}
	resized = size
	if p.Resize > 0 {
		short, long := min(size.X, size.Y), max(size.X, size.Y)
		other := float64(p.Resize) * float64(long) / float64(short)
		if other > maxImageSide {
			return resized, at, fmt.Errorf("the picture has %d×%d pixels, which is too long and thin to resize the shorter side to %d", size.X, size.Y, p.Resize)
		}
		resized = image.Pt(p.Resize, int(other))
		if size.X > size.Y {
			resized = image.Pt(int(other), p.Resize)
		}
	}
	return resized, image.Pt(centre(resized.X, p.Crop), centre(resized.Y, p.Crop)), nil
}

// centre is where a crop begins: torchvision rounds half a pixel to even, and
// where it pads, puts the odd pixel after the picture.
func centre(size, crop int) int {
	if size < crop {
		return -((crop - size) / 2)
	}
	half := (size - crop) / 2
	if (size-crop)%2 == 1 && half%2 == 1 {
		half++
	}
	return half
}

// normalize writes (pixel/255 - mean) / std, with torchvision's roundings.
func (p Preprocess) normalize(dst []float32, pixels []uint8) {
	plane := len(dst) / 3
	for c := range 3 {
		var table [256]float32
		for v := range table {
			// The conversion keeps the compiler from fusing operations.
			table[v] = float32(float32(float32(v)/255)-p.Mean[c]) / p.Std[c]
		}
		out := dst[c*plane:][:plane]
		for i := range out {
			out[i] = table[pixels[3*i+c]]
		}
	}
}
