package runtime

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readImage(t testing.TB, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := DecodeImage(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return img
}

// plain leaves pixels as they are, divided by 255.
func plain(resize, crop int) Preprocess {
	return Preprocess{Resize: resize, Crop: crop, Std: [3]float32{1, 1, 1}}
}

// pixels gives a preprocessed picture as R, G, B bytes.
func pixels(t testing.TB, img image.Image, p Preprocess, h, w int) []uint8 {
	t.Helper()
	planes := make([]float32, 3*h*w)
	if err := preprocess(planes, img, p, h, w); err != nil {
		t.Fatal(err)
	}
	out := make([]uint8, 3*h*w)
	for i := range h * w {
		for c := range 3 {
			out[3*i+c] = uint8(math.Round(255 * float64(planes[c*h*w+i])))
		}
	}
	return out
}

// difference gives the mean and the largest difference of two pictures.
func difference(a, b []uint8) (mean, largest float64) {
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		mean += d / float64(len(a))
		largest = max(largest, d)
	}
	return mean, largest
}

// testdata/images holds pictures and what Pillow makes of them.  With the same
// RGB pixels results are equal; of a JPEG the two decoders' inverse cosine
// transforms differ by one here and there, which colour conversion makes three.
func TestPreprocessIsPillows(t *testing.T) {
	dir := filepath.Join("testdata", "images")
	cases, err := os.ReadFile(filepath.Join(dir, "cases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(cases)) {
		var name, golden string
		var resize, crop, h, w int
		if _, err := fmt.Sscan(line, &name, &resize, &crop, &h, &w, &golden); err != nil {
			t.Fatalf("cases.txt: %q: %v", line, err)
		}
		t.Run(strings.TrimSpace(line), func(t *testing.T) {
			got := pixels(t, readImage(t, filepath.Join(dir, name)), plain(resize, crop), h, w)
			want := pixels(t, readImage(t, filepath.Join(dir, golden)), plain(0, 0), h, w)
			mean, largest := difference(got, want)
			if filepath.Ext(name) != ".jpg" && largest > 0 {
				t.Errorf("differs by %.4f on average and %.0f at most, want equal", mean, largest)
			}
			if mean > 0.1 || largest > 3 {
				t.Errorf("differs by %.4f on average and %.0f at most, want 0.1 and 3", mean, largest)
			}
		})
	}
}

// With only some rows missing, padding and normalization still have to be
// torchvision's: (0 - mean) / std.
func TestPreprocessPadsAndNormalizes(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	copy(img.Pix, []uint8{255, 0, 51, 255, 0, 255, 102, 0})
	p := Preprocess{Crop: 3, Mean: [3]float32{0.5, 0.25, 0}, Std: [3]float32{0.5, 0.25, 0.125}}
	got := make([]float32, 27)
	if err := preprocess(got, img, p, 3, 3); err != nil {
		t.Fatal(err)
	}
	want := []float32{
		-1, -1, -1, 1, -1, -1, -1, -1, -1,
		-1, -1, -1, -1, 3, -1, -1, -1, -1,
		0, 0, 0, float32(0.2) * 8, float32(0.4) * 8, 0, 0, 0, 0,
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("value %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestCentreRoundsLikePython(t *testing.T) {
	// int(round((size-crop)/2)), and padding of (crop-size)//2.
	for _, c := range []struct{ size, crop, want int }{
		{224, 224, 0}, {225, 224, 0}, {226, 224, 1}, {227, 224, 2}, {228, 224, 2}, {229, 224, 2}, {231, 224, 4},
		{223, 224, 0}, {222, 224, -1}, {221, 224, -1}, {220, 224, -2},
	} {
		if got := centre(c.size, c.crop); got != c.want {
			t.Errorf("centre(%d, %d) = %d, want %d", c.size, c.crop, got, c.want)
		}
	}
}

// opaque hides a picture's type, so that rgbRows has to ask for each pixel.
type opaque struct{ image.Image }

// Every picture type must give the pixels of the general way, also when it is
// a part of a larger picture.
func TestPictureTypesAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := image.Rect(-3, 5, 14, 18)
	fill := func(pix []uint8) {
		for i := range pix {
			pix[i] = uint8(random.Uint32())
		}
	}
	nrgba, nrgba64, gray, gray16 := image.NewNRGBA(b), image.NewNRGBA64(b), image.NewGray(b), image.NewGray16(b)
	palette := color.Palette{color.NRGBA{1, 2, 3, 255}, color.Gray{77}, color.RGBA64{0x1234, 0x5678, 0x9abc, 0xffff}}
	rgba, paletted := image.NewRGBA(b), image.NewPaletted(b, palette)
	fill(nrgba.Pix)
	fill(nrgba64.Pix)
	fill(gray.Pix)
	fill(gray16.Pix)
	fill(rgba.Pix)
	for i := range rgba.Pix {
		if i%4 == 3 {
			rgba.Pix[i], nrgba.Pix[i] = 255, 255
		}
	}
	for i := 6; i < len(nrgba64.Pix); i += 8 {
		nrgba64.Pix[i], nrgba64.Pix[i+1] = 255, 255
	}
	for i := range paletted.Pix {
		paletted.Pix[i] = uint8(random.IntN(3))
	}
	translucent := image.NewRGBA(b)
	copy(translucent.Pix, rgba.Pix)
	translucent.SetRGBA(0, 8, color.RGBA{10, 20, 30, 60})
	for _, img := range []interface {
		image.Image
		SubImage(image.Rectangle) image.Image
	}{nrgba, nrgba64, gray, gray16, rgba, translucent, paletted} {
		for _, sub := range []image.Rectangle{b, image.Rect(-2, 7, 13, 16)} {
			part := img.SubImage(sub)
			want := pixels(t, opaque{part}, plain(0, 0), 9, 8)
			if got := pixels(t, part, plain(0, 0), 9, 8); !bytes.Equal(got, want) {
				t.Errorf("%T %v: not the pixels that At gives", img, sub)
			}
		}
	}
}

func TestTransparencyIsDropped(t *testing.T) {
	for _, img := range []interface {
		image.Image
		Set(x, y int, c color.Color)
	}{image.NewNRGBA(image.Rect(0, 0, 1, 1)), image.NewNRGBA64(image.Rect(0, 0, 1, 1))} {
		img.Set(0, 0, color.NRGBA{200, 100, 50, 0})
		if m, ok := img.(*image.NRGBA64); ok {
			m.SetNRGBA64(0, 0, color.NRGBA64{200 << 8, 100 << 8, 50 << 8, 0}) // Set multiplies by the alpha first
		}
		if got := pixels(t, img, plain(0, 0), 1, 1); !bytes.Equal(got, []uint8{200, 100, 50}) {
			t.Errorf("%T: %v, want the colour without its transparency", img, got)
		}
	}
}

// A part of a JPEG has the pixels of the whole, but for the chroma at its edge.
func TestChromaOfSubImage(t *testing.T) {
	b := image.Rect(0, 0, 24, 20)
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		m := image.NewYCbCr(b, ratio)
		random := rand.New(rand.NewPCG(3, 4))
		for _, plane := range [][]uint8{m.Y, m.Cb, m.Cr} {
			for i := range plane {
				plane[i] = uint8(random.Uint32())
			}
		}
		all := pixels(t, m, plain(0, 0), 20, 24)
		for _, sub := range []image.Rectangle{image.Rect(3, 2, 17, 15), image.Rect(6, 5, 22, 19), image.Rect(5, 7, 14, 16)} {
			part := pixels(t, m.SubImage(sub), plain(0, 0), sub.Dy(), sub.Dx())
			for y := 2; y < sub.Dy()-2; y++ {
				n := 3 * (sub.Dx() - 4)
				got := part[3*(y*sub.Dx()+2):][:n]
				want := all[3*((sub.Min.Y+y)*24+sub.Min.X+2):][:n]
				if !bytes.Equal(got, want) {
					t.Fatalf("%v, part %v: row %d is not that of the whole", ratio, sub, y)
				}
			}
		}
	}
}

func TestPreprocessRejects(t *testing.T) {
	small := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	broken := *small
	broken.Pix = broken.Pix[:60]
	chroma := image.NewYCbCr(image.Rect(0, 0, 4, 4), image.YCbCrSubsampleRatio420)
	chroma.Cr = chroma.Cr[:3]
	for _, c := range []struct {
		name string
		img  image.Image
		p    Preprocess
		room int
		want string
	}{
		{"nil", nil, plain(0, 0), 12, "nil"},
		{"empty", image.NewNRGBA(image.Rect(0, 0, 0, 3)), plain(0, 0), 12, "empty: 0×3"},
		{"huge", image.NewUniform(color.White), plain(0, 0), 12, "at most 1048576 a side"},
		{"thin", image.NewGray(image.Rect(0, 0, 1, 1<<20)), plain(2, 2), 12, "too long and thin"},
		{"room", small, plain(0, 0), 11, "room for 11 values, want 12 (3×2×2)"},
		{"crop", small, plain(0, 3), 12, "the crop is 3×3 pixels and the input 2×2"},
		{"broken", &broken, plain(0, 0), 12, "60 bytes of pixels, too few for 4×4"},
		{"chroma", chroma, plain(0, 0), 12, "too few values for 4×4"},
	} {
		err := preprocess(make([]float32, c.room), c.img, c.p, 2, 2)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestPreprocessThinPictures(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 5000}, {5000, 1}, {2, 1 << 16}} {
		img := image.NewGray(image.Rectangle{Max: size})
		for i := range img.Pix {
			img.Pix[i] = 100
		}
		for _, p := range []Preprocess{plain(8, 6), plain(0, 0)} {
			for i, v := range pixels(t, img, p, 6, 6) {
				if v != 100 {
					t.Fatalf("%v of 100s, %+v: value %d is %d", size, p, i, v)
				}
			}
		}
	}
}

func TestDecodeImageErrors(t *testing.T) {
	picture, err := os.ReadFile(filepath.Join("testdata", "images", "ycbcr420_27x21.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	var wide bytes.Buffer
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	huge := bytes.Clone(wide.Bytes())
	copy(huge[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65536×65536; the check sum is wrong then
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "the picture is empty"},
		{"text", []byte("hello, this is not a picture"), "not a JPEG, PNG or GIF"},
		{"short", picture[:len(picture)/2], "damaged picture: "},
		{"header", picture[:3], "damaged picture: "},
		{"checksum", huge, "damaged picture: "},
		{"size", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), "65535×65535 pixels, more than the 100 million"},
	} {
		_, err := DecodeImage(bytes.NewReader(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// FuzzDecodeImage looks for pictures that make the way from file to network panic.
func FuzzDecodeImage(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "images", "*.*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err != nil {
			f.Fatal(err)
		} else if !strings.Contains(name, "want") {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if config, _, err := image.DecodeConfig(bytes.NewReader(data)); err != nil || config.Width*config.Height > 1<<16 {
			return // the time would go into large empty pictures
		}
		img, err := DecodeImage(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, p := range []Preprocess{plain(9, 7), plain(0, 0)} {
			dst := make([]float32, 3*7*7)
			if err := preprocess(dst, img, p, 7, 7); err != nil {
				continue
			}
			for _, v := range dst {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("value %v is not a pixel", v)
				}
			}
		}
	})
}

func BenchmarkPreprocess(b *testing.B) {
	for _, size := range []image.Point{{227, 227}, {500, 375}, {4000, 3000}} {
		r := image.Rectangle{Max: size}
		for _, img := range []image.Image{image.NewYCbCr(r, image.YCbCrSubsampleRatio420), image.NewNRGBA(r)} {
			b.Run(fmt.Sprintf("%T/%dx%d", img, size.X, size.Y), func(b *testing.B) {
				dst := make([]float32, 3*224*224)
				for b.Loop() {
					if err := preprocess(dst, img, plain(256, 224), 224, 224); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
