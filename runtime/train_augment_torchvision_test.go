package runtime

import (
	"encoding/json"
	"fmt"
	"image"
	"os"
	"testing"
)

// TestTorchvision compares with what torchvision and Pillow make of the same
// picture: testdata/augment/make.py computed it.
func TestTorchvision(t *testing.T) {
	data, err := os.ReadFile("testdata/augment/augment.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Width, Height int
		Jitter        []struct {
			Change string
			Factor float64
			Pixels []int
		}
		Crops []struct {
			Box    [4]int
			Size   [2]int
			Pixels []int
		}
		Normalized [3][]float32
	}
	if err := json.Unmarshal(data, &want); err != nil || len(want.Jitter) < 10 || len(want.Crops) < 4 {
		t.Fatalf("%d changes of colour, %d crops, %v", len(want.Jitter), len(want.Crops), err)
	}
	picture := func() []uint8 {
		p := make([]uint8, 3*want.Width*want.Height)
		for i := range p {
			p[i] = uint8(i*i*7 + i*13)
		}
		return p
	}
	same := func(what string, got []uint8, pixels []int) {
		t.Helper()
		if len(got) != len(pixels) {
			t.Fatalf("%s: %d bytes, want %d", what, len(got), len(pixels))
		}
		for i, v := range got {
			if int(v) != pixels[i] {
				t.Errorf("%s: byte %d is %d, want %d", what, i, v, pixels[i])
				return
			}
		}
	}
	for _, c := range want.Jitter {
		p := picture()
		switch c.Change {
		case "brightness":
			brightness(p, c.Factor)
		case "contrast":
			contrast(p, c.Factor)
		case "saturation":
			saturation(p, c.Factor)
		case "hue":
			hue(p, c.Factor)
		}
		same(fmt.Sprint(c.Change, " ", c.Factor), p, c.Pixels)
	}
	d := &Dataset{name: "picture", count: 1, shape: [3]int{3, want.Height, want.Width}, labels: []int32{0}, pixels: picture()}
	for _, c := range want.Crops {
		in := [3]int{3, c.Size[1], c.Size[0]}
		s := newSampler(d, Augment{}, rawPixels, in, 0)
		rows, _, _, err := s.open(0)
		if err != nil {
			t.Fatal(err)
		}
		s.resizeBox(s.crop, rows, image.Rect(c.Box[0], c.Box[1], c.Box[0]+c.Box[2], c.Box[1]+c.Box[3]))
		same(fmt.Sprint("crop ", c.Box, " to ", c.Size), s.crop, c.Pixels)
	}
	s := newSampler(d, Augment{}, Preprocess{Mean: [3]float32{0.485, 0.456, 0.406}, Std: [3]float32{0.229, 0.224, 0.225}}, d.shape, 0)
	got := make([]float32, len(d.pixels))
	if _, err := s.train(got, 0, 0); err != nil {
		t.Fatal(err)
	}
	for c, row := range want.Normalized {
		for i, v := range row {
			if g := got[c*want.Width*want.Height+i]; g != v {
				t.Errorf("value %d of channel %d is %v, want %v", i, c, g, v)
			}
		}
	}
}
