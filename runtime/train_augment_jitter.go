package runtime

import (
	"fmt"
	"math"
)

// ColorJitter is torchvision's, on 8-bit pictures with Pillow's arithmetic: the
// four changes come in a random order, each by a factor drawn evenly from
// [max(0, 1-v), 1+v], the hue by one from [-v, v] of the colour circle.  0
// leaves a property as it is.
type ColorJitter struct {
	Brightness float64 `json:"brightness,omitempty"`
	Contrast   float64 `json:"contrast,omitempty"`
	Saturation float64 `json:"saturation,omitempty"`
	Hue        float64 `json:"hue,omitempty"` // at most 0.5
}

func (j ColorJitter) check() error {
	for _, v := range [...]struct {
		name       string
		value, max float64
	}{{"brightness", j.Brightness, 100}, {"contrast", j.Contrast, 100}, {"saturation", j.Saturation, 100}, {"hue", j.Hue, 0.5}} {
		if !(v.value >= 0 && v.value <= v.max) {
			return fmt.Errorf("augmentation: colour jitter of %s %v, want 0 to %v", v.name, v.value, v.max)
		}
	}
	return nil
}

// apply changes pixels of R, G, B bytes.
func (j ColorJitter) apply(pixels []uint8, r *randomStream) {
	if j == (ColorJitter{}) {
		return
	}
	order := [4]int{0, 1, 2, 3}
	for i := len(order) - 1; i > 0; i-- {
		k := r.intn(i + 1)
		order[i], order[k] = order[k], order[i]
	}
	factor := func(v float64) float64 { return r.uniform(max(0, 1-v), 1+v) }
	// All factors are drawn before any is used, whatever the order.
	light, difference, colour := factor(j.Brightness), factor(j.Contrast), factor(j.Saturation)
	turn := r.uniform(-j.Hue, j.Hue)
	for _, what := range order {
		switch {
		case what == 0 && j.Brightness > 0:
			brightness(pixels, light)
		case what == 1 && j.Contrast > 0:
			contrast(pixels, difference)
		case what == 2 && j.Saturation > 0:
			saturation(pixels, colour)
		case what == 3 && j.Hue > 0:
			hue(pixels, turn)
		}
	}
}

// The four changes are torchvision's adjust_brightness and so on.

func brightness(pixels []uint8, factor float64) {
	blend(pixels, float32(factor), func(int) uint8 { return 0 })
}

func contrast(pixels []uint8, factor float64) {
	grey := meanLuma(pixels)
	blend(pixels, float32(factor), func(int) uint8 { return grey })
}

func saturation(pixels []uint8, factor float64) {
	blend(pixels, float32(factor), func(i int) uint8 { return luma(pixels[i:]) })
}

// hue turns by a factor of -0.5 to 0.5 of the circle.
func hue(pixels []uint8, factor float64) { shiftHue(pixels, uint8(int(factor*255))) }

// blend moves pixels away from a degenerate picture, or to it for factors
// below 1: Pillow's Image.blend, which cuts the fraction off.  i is where a
// pixel begins.
func blend(pixels []uint8, factor float32, degenerate func(i int) uint8) {
	for i := 0; i+2 < len(pixels); i += 3 {
		from := float32(degenerate(i))
		for c := i; c < i+3; c++ {
			v := from + float32(factor*(float32(pixels[c])-from))
			pixels[c] = uint8(min(max(v, 0), 255))
		}
	}
}

// luma is Pillow's conversion to "L", ITU-R 601 with 16 binary places.
func luma(p []uint8) uint8 {
	return uint8((uint32(p[0])*19595 + uint32(p[1])*38470 + uint32(p[2])*7471 + 0x8000) >> 16)
}

// meanLuma is the grey that contrast moves away from.
func meanLuma(pixels []uint8) uint8 {
	sum := 0
	for i := 0; i+2 < len(pixels); i += 3 {
		sum += int(luma(pixels[i:]))
	}
	return uint8(float64(sum)/float64(len(pixels)/3) + 0.5)
}

// shiftHue turns colours by shift 255ths of the circle, through Pillow's
// 8-bit HSV (src/libImaging/Convert.c).
func shiftHue(pixels []uint8, shift uint8) {
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i:][:3]
		h, s, v := toHSV(p[0], p[1], p[2])
		p[0], p[1], p[2] = fromHSV(h+shift, s, v)
	}
}

func toHSV(r, g, b uint8) (h, s, v uint8) {
	high, low := max(r, g, b), min(r, g, b)
	if high == low {
		return 0, 0, high
	}
	span := float32(high - low)
	red, green, blue := float32(high-r)/span, float32(high-g)/span, float32(high-b)/span
	var hue float32
	switch high {
	case r:
		hue = blue - green
	case g:
		hue = float32(2) + red - blue
	default:
		hue = float32(4) + green - red
	}
	turn := math.Mod(float64(hue)/6+1, 1)
	return uint8(float64(float32(turn)) * 255), uint8(float64(span/float32(high)) * 255), high
}

func fromHSV(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	sector, f := math.Modf(float64(h) * 6 / 255)
	fs, fv := float64(s)/255, float64(v)
	round := func(x float64) uint8 { return uint8(math.Round(fv * float64(1-x))) }
	p, q, t := round(fs), round(float64(fs*f)), round(float64(fs*float64(1-f)))
	switch int(sector) % 6 {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	}
	return v, p, q
}
