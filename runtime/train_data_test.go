package runtime

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes a folder with files, and returns its path.
func writeFolder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// writeZip makes an archive with files, below a folder of its own.
func writeZip(t testing.TB, files map[string][]byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create("data/" + name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func cifarRecords(labels ...byte) []byte {
	var b []byte
	for i, l := range labels {
		b = append(b, l)
		for p := range 3 * cifarPlane {
			b = append(b, byte(p/cifarPlane*100+p+i))
		}
	}
	return b
}

func cifarFiles() map[string][]byte {
	files := map[string][]byte{"test_batch.bin": cifarRecords(9), "batches.meta.txt": []byte("a b c d e f g h i j\n\n")}
	for i := 1; i <= 5; i++ {
		files[fmt.Sprintf("data_batch_%d.bin", i)] = cifarRecords(byte(i), byte(i+1))
	}
	return files
}

func idx(header []byte, axes []int, data ...byte) []byte {
	for _, n := range axes {
		header = binary.BigEndian.AppendUint32(header, uint32(n))
	}
	return append(header, data...)
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func mnistFiles() map[string][]byte {
	return map[string][]byte{
		"train-images-idx3-ubyte.gz": zipped(idx([]byte{0, 0, 8, 3}, []int{2, 2, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
		"train-labels-idx1-ubyte.gz": zipped(idx([]byte{0, 0, 8, 1}, []int{2}, 3, 9)),
		"t10k-images-idx3-ubyte":     idx([]byte{0, 0, 8, 3}, []int{1, 2, 3}, 1, 2, 3, 4, 5, 6),
		"t10k-labels-idx1-ubyte":     idx([]byte{0, 0, 8, 1}, []int{1}, 5),
	}
}

// photo is a picture of one colour, with a darker corner.
func photo(t testing.TB, format string, w, h int, c color.NRGBA) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, c)
		}
	}
	m.SetNRGBA(0, 0, color.NRGBA{A: 255})
	var b bytes.Buffer
	var err error
	if format == "png" {
		err = png.Encode(&b, m)
	} else {
		err = jpeg.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func photoFiles(t testing.TB) map[string][]byte {
	red, blue := color.NRGBA{200, 10, 10, 255}, color.NRGBA{10, 10, 200, 255}
	return map[string][]byte{
		"train/red/b.jpg": photo(t, "jpeg", 8, 6, red), "train/red/a.png": photo(t, "png", 8, 6, red),
		"train/blue/x.PNG": photo(t, "png", 8, 6, blue), "train/blue/notes.txt": []byte("hello"),
		"val/red/c.png": photo(t, "png", 8, 6, red), "val/blue/d.png": photo(t, "png", 8, 6, blue),
	}
}

func TestOpenDataset(t *testing.T) {
	for _, c := range []struct {
		name        string
		files       map[string][]byte
		train, test int
		shape       [3]int
		labels      []int32
	}{
		{"cifar", cifarFiles(), 10, 1, [3]int{3, 32, 32}, []int32{1, 2, 2, 3, 3, 4, 4, 5, 5, 6}},
		{"mnist", mnistFiles(), 2, 1, [3]int{1, 2, 3}, []int32{3, 9}},
		{"pictures", photoFiles(t), 3, 2, [3]int{3, 6, 8}, []int32{0, 1, 1}},
	} {
		var hash string
		for _, path := range []string{writeFolder(t, c.files), writeZip(t, c.files)} {
			train, err := OpenDataset(path, "train", PictureOptions{})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			defer train.Close()
			test, err := OpenDataset(path, "test", PictureOptions{})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			defer test.Close()
			if train.Len() != c.train || test.Len() != c.test || train.Shape() != c.shape || !slices.Equal(train.labels, c.labels) {
				t.Errorf("%s: %d training and %d test pictures of %v with labels %v, want %d, %d, %v, %v",
					c.name, train.Len(), test.Len(), train.Shape(), train.labels, c.train, c.test, c.shape, c.labels)
			}
			if f := train.Fingerprint(); hash == "" {
				hash = f.Hash
			} else if hash != f.Hash {
				t.Errorf("%s: a folder and an archive have different fingerprints", c.name)
			}
		}
	}
}

// TestClassFolders opens class folders without a folder for the split.
func TestClassFolders(t *testing.T) {
	files := map[string][]byte{}
	for name, b := range photoFiles(t) {
		if after, ok := strings.CutPrefix(name, "train/"); ok {
			files[after] = b
		}
	}
	for _, path := range []string{writeFolder(t, files), writeZip(t, files)} {
		for _, split := range []string{"", "train"} {
			d, err := OpenDataset(path, split, PictureOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if d.Len() != 3 || !slices.Equal(d.ClassNames(), []string{"blue", "red"}) {
				t.Errorf("split %q: %d pictures of %v", split, d.Len(), d.ClassNames())
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := OpenDataset(path, "test", PictureOptions{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("test split: %v, want that it does not exist", err)
		}
	}
	files = cifarFiles()
	delete(files, "test_batch.bin")
	if _, err := OpenDataset(writeFolder(t, files), "test", PictureOptions{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "test_batch.bin") {
		t.Errorf("CIFAR-10 without test data: %v", err)
	}
}

func TestCIFARPixels(t *testing.T) {
	d, err := OpenDataset(writeFolder(t, cifarFiles()), "train", PictureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	record := cifarRecords(1, 2)[cifarRecord:]
	for c := range 3 {
		if got, want := d.pixels[3*cifarPlane+3*37+c], record[1+c*cifarPlane+37]; got != want {
			t.Errorf("channel %d of pixel 37 is %d, want %d", c, got, want)
		}
	}
	if len(d.ClassNames()) != 10 || d.ClassNames()[9] != "j" || d.Label(1) != 2 {
		t.Errorf("classes %v, label %d", d.ClassNames(), d.Label(1))
	}
	head := d.Head(1)
	if head.Len() != 6 || head.Label(5) != 6 || head.Fingerprint() == d.Fingerprint() || len(head.pixels) != 6*3*cifarPlane {
		t.Errorf("head: %d pictures %v", head.Len(), head.labels)
	}
}

func TestOpenDatasetRefuses(t *testing.T) {
	with := func(files map[string][]byte, name string, b []byte) map[string][]byte {
		files[name] = b
		return files
	}
	corrupt := photo(t, "jpeg", 8, 6, color.NRGBA{1, 2, 3, 255})
	for _, c := range []struct {
		name  string
		files map[string][]byte
		want  []string
	}{
		{"nothing", nil, []string{"empty"}},
		{"unknown", map[string][]byte{"a.txt": nil}, []string{"1 files and 0 folders", "want data_batch_1.bin"}},
		{"empty file", with(cifarFiles(), "data_batch_3.bin", nil), []string{"data_batch_3.bin", "empty"}},
		{"cut record", with(cifarFiles(), "data_batch_3.bin", cifarRecords(1, 2)[:4000]), []string{"data_batch_3.bin", "record 1 is cut off after 927 of 3073 bytes"}},
		{"label", with(cifarFiles(), "data_batch_4.bin", cifarRecords(1, 10)), []string{"data_batch_4.bin", "record 1 has label 10, want 0 to 9"}},
		{"cut images", with(mnistFiles(), "train-images-idx3-ubyte", idx([]byte{0, 0, 8, 3}, []int{2, 2, 3}, 1, 2)), []string{"element 2 of 12 is missing"}},
		{"long images", with(mnistFiles(), "train-images-idx3-ubyte", idx([]byte{0, 0, 8, 3}, []int{1, 1, 1}, 1, 2)), []string{"1 bytes behind the last of 1"}},
		{"huge images", with(mnistFiles(), "train-images-idx3-ubyte", idx([]byte{0, 0, 8, 3}, []int{1 << 30, 1 << 30, 1 << 30}, 1)), []string{"claims more than"}},
		{"float images", with(mnistFiles(), "train-images-idx3-ubyte", idx([]byte{0, 0, 13, 3}, []int{1, 1, 1}, 1)), []string{"type 0x0d"}},
		{"labels", with(mnistFiles(), "train-labels-idx1-ubyte", idx([]byte{0, 0, 8, 1}, []int{3}, 1, 2, 3)), []string{"3 labels for 2 images"}},
		{"gzip", with(mnistFiles(), "train-labels-idx1-ubyte.gz", zipped(idx([]byte{0, 0, 8, 1}, []int{2}, 3, 9))[:20]), []string{"train-labels-idx1-ubyte", "unexpected EOF"}},
		{"class", map[string][]byte{"train/red/a.png": photo(t, "png", 2, 2, color.NRGBA{}), "train/green/x": nil}, []string{"train/green", "no pictures"}},
		{"corrupt", with(photoFiles(t), "train/red/z.jpg", corrupt[:40]), []string{"train/red/z.jpg", "damaged", "-skip-corrupt"}},
	} {
		_, err := OpenDataset(writeFolder(t, c.files), "train", PictureOptions{})
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.name, err, want)
			}
		}
	}
	if _, err := OpenDataset(filepath.Join(t.TempDir(), "none"), "train", PictureOptions{}); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("no folder: %v", err)
	}
	if _, err := OpenDataset(os.Args[0], "train", PictureOptions{}); err == nil || !strings.Contains(err.Error(), "neither a folder nor a zip") {
		t.Errorf("a file: %v", err)
	}
	mixed, err := OpenDataset(writeFolder(t, with(photoFiles(t), "train/red/z.png", photo(t, "png", 5, 5, color.NRGBA{}))), "train", PictureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m := newSoftmaxRegression(2, [3]int{3, 6, 8}, 2)
	p := Preprocess{Std: [3]float32{1, 1, 1}}
	if err := mixed.fits(m.InputShape(), m.Classes(), m.Batch(), Augment{}, p, true); err == nil || !strings.Contains(err.Error(), "mixed sizes") || !strings.Contains(err.Error(), "train/red/z.png (5×5)") {
		t.Errorf("mixed sizes: %v", err)
	}
	if err := mixed.fits(m.InputShape(), m.Classes(), m.Batch(), ImageNetAugment(), p, true); err != nil {
		t.Errorf("mixed sizes with crops: %v", err)
	}
}

// TestOneChannel prepares pictures of one channel, smaller than the input, for a
// network that takes three: as inference sees the same picture in a file.
func TestOneChannel(t *testing.T) {
	d, err := OpenDataset(writeFolder(t, mnistFiles()), "train", PictureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	in := [3]int{3, 5, 5}
	for _, p := range []Preprocess{
		{Mean: [3]float32{0.4, 0.5, 0.6}, Std: [3]float32{1, 2, 3}},
		{Std: [3]float32{1, 1, 1}, Crop: 5},
		{Std: [3]float32{1, 1, 1}, Resize: 4, Crop: 5},
	} {
		if err := d.fits(in, 10, 1, Augment{}, p, true); err != nil {
			t.Fatal(err)
		}
		s := newSampler(d, Augment{}, p, in, 1)
		for i := range d.Len() {
			m := image.NewGray(image.Rect(0, 0, 3, 2))
			copy(m.Pix, d.pixels[6*i:])
			want, test, train := make([]float32, 75), make([]float32, 75), make([]float32, 75)
			if err := preprocess(want, m, p, 5, 5); err != nil {
				t.Fatal(err)
			}
			if _, err := s.test(test, i); err != nil {
				t.Fatal(err)
			}
			if _, err := s.train(train, 0, i); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(test, want) || !slices.Equal(train, want) {
				t.Errorf("%+v, picture %d: to test %v, to train %v, want %v", p, i, test, train, want)
			}
		}
	}
	plain := Preprocess{Std: [3]float32{1, 1, 1}}
	for _, c := range []struct {
		in     [3]int
		jitter ColorJitter
		p      Preprocess
		want   string
	}{
		{in, ColorJitter{Brightness: 0.1, Hue: 0.1}, plain, "saturation and hue cannot change"},
		{[3]int{1, 2, 3}, ColorJitter{Brightness: 0.1}, plain, "the network takes one channel"},
		{in, ColorJitter{}, Preprocess{Std: plain.Std, Crop: 4}, "the crop is 4×4 pixels (-crop) and the input 5×5"},
		{[3]int{4, 2, 3}, ColorJitter{}, plain, "has 1 channels, the network takes 4"},
	} {
		if err := d.fits(c.in, 10, 1, Augment{Jitter: c.jitter}, c.p, true); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.in, err, c.want)
		}
	}
}

// TestFingerprintSeesContents replaces a picture by another one of the same
// name and size, in a folder and in an archive.
func TestFingerprintSeesContents(t *testing.T) {
	for _, write := range []func(testing.TB, map[string][]byte) string{writeFolder, writeZip} {
		var prints []DataFingerprint
		for _, grey := range []uint8{3, 3, 4} {
			files := photoFiles(t)
			files["train/red/a.png"] = photo(t, "png", 8, 6, color.NRGBA{grey, grey, grey, 255})
			d, err := OpenDataset(write(t, files), "train", PictureOptions{})
			if err != nil {
				t.Fatal(err)
			}
			prints = append(prints, d.Fingerprint())
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if prints[0] != prints[1] || prints[1] == prints[2] {
			t.Errorf("fingerprints %v, want the first two equal and the third another", prints)
		}
	}
}

// TestSkipCorrupt leaves a picture out whose header is damaged, and takes the
// next in the place of one that is cut off behind it.
func TestSkipCorrupt(t *testing.T) {
	files := photoFiles(t)
	whole := photo(t, "png", 8, 6, color.NRGBA{7, 7, 7, 255})
	files["train/red/m.png"] = whole[:60]
	files["train/red/n.png"] = whole[:20]
	dir := writeFolder(t, files)
	var warnings []string
	d, err := OpenDataset(dir, "train", PictureOptions{SkipCorrupt: true, Warn: func(err error) { warnings = append(warnings, err.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 4 || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "data ") || !strings.Contains(warnings[0], "n.png") {
		t.Fatalf("%d pictures, warnings %v", d.Len(), warnings)
	}
	p := Preprocess{Std: [3]float32{1, 1, 1}}
	s := newSampler(d, Augment{}, p, [3]int{3, 6, 8}, 0)
	got, want := make([]float32, 3*48), make([]float32, 3*48)
	for range 2 {
		if label, err := s.train(got, 0, 3); err != nil || label != 0 {
			t.Fatalf("label %d, %v, want that of the next picture", label, err)
		}
	}
	if _, err := s.train(want, 0, 0); err != nil || !slices.Equal(got, want) {
		t.Errorf("not the next picture, %v", err)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[1], "m.png") {
		t.Errorf("warnings %v", warnings)
	}
	// A test does not count it, nor another one twice.
	var labels []int32
	if err := d.Batches(t.Context(), [3]int{3, 6, 8}, p, 3, func(images []float32, l []int32) error {
		labels = append(labels, l...)
		if len(images) != 144*len(l) {
			t.Errorf("%d values for %d pictures", len(images), len(l))
		}
		return nil
	}); err != nil || !slices.Equal(labels, []int32{0, 1, 1}) {
		t.Errorf("labels %v, %v, want those of the three sound pictures", labels, err)
	}
	d.pictures.o.SkipCorrupt = false
	if _, err := s.train(got, 0, 3); err == nil || !strings.Contains(err.Error(), "m.png") {
		t.Errorf("%v, want an error that names m.png", err)
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(idx([]byte{0, 0, 8, 3}, []int{2, 1, 1}, 1, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		lengths, data, err := parseIDX(b, 3)
		if err == nil && (len(data) != lengths[0]*lengths[1]*lengths[2] || len(data) == 0) {
			t.Errorf("%d elements of %v", len(data), lengths)
		}
	})
}

func FuzzCIFAR(f *testing.F) {
	f.Add(cifarRecords(1, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &Dataset{count: cifarClasses}
		if err := d.addCIFAR10(b); err == nil && (len(d.labels) == 0 || len(d.labels)*3*cifarPlane != len(d.pixels)) {
			t.Errorf("%d labels, %d bytes of pixels", len(d.labels), len(d.pixels))
		}
	})
}

// TestFormulaGolden compares with numbers that make_golden.py gives.
func TestFormulaGolden(t *testing.T) {
	f := &formula{}
	images, labels := make([]float32, 8*3*32*32), make([]int32, 8)
	f.batch(0, images, labels, 10)
	for _, v := range images {
		if !(v >= -1 && v <= 1) {
			t.Fatalf("value %v", v)
		}
	}
	if want := []float32{0.47437408566474915, -0.26973217725753784, 0.8709710836410522}; !slices.Equal(images[:3], want) {
		t.Errorf("images %v, want %v", images[:3], want)
	}
	if want := []int32{2, 7, 5, 7, 8, 1, 0, 5}; !slices.Equal(labels, want) {
		t.Errorf("labels %v, want %v", labels, want)
	}
}
