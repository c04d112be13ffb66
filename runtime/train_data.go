package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Dataset is a list of labelled pictures in an order that depends on nothing
// but the files.  Any number of goroutines may read it at a time.
type Dataset struct {
	name    string
	classes []string // names; nil if the format has none
	count   int      // of classes
	shape   [3]int   // channels, height, width; height and width 0 if the pictures' sizes differ
	labels  []int32
	hash    uint64

	// Exactly one of them is there.
	pixels   []uint8   // of all pictures, rows of pixels of shape[0] bytes
	pictures *pictures // decoded when they are needed
	formula  *formula  // computed, by step
}

// Name is the path that the data were read from.
func (d *Dataset) Name() string { return d.name }

// Len is the number of pictures; of a formula, which has no end, it is 0.
func (d *Dataset) Len() int { return len(d.labels) }

// Shape is the channels, height and width of every picture; height and width
// are 0 if pictures differ in size.
func (d *Dataset) Shape() [3]int { return d.shape }

// Classes is the number of classes.
func (d *Dataset) Classes() int { return d.count }

// ClassNames are the names of the classes; nil if the data have none.
func (d *Dataset) ClassNames() []string { return d.classes }

// Label is the class of picture i.
func (d *Dataset) Label(i int) int { return int(d.labels[i]) }

// Head is the first n pictures of every class, or all that there are of it.
func (d *Dataset) Head(n int) *Dataset {
	sub := *d
	sub.labels = nil
	sub.pixels = nil
	var which []int
	taken := make([]int, d.count)
	for i, l := range d.labels {
		if taken[l]++; taken[l] <= n {
			which = append(which, i)
			sub.labels = append(sub.labels, l)
		}
	}
	sub.hash = hashInts(d.hash, len(which), n)
	if d.pixels != nil {
		size := d.shape[0] * d.shape[1] * d.shape[2]
		sub.pixels = make([]uint8, 0, size*len(which))
		for _, i := range which {
			sub.pixels = append(sub.pixels, d.pixels[i*size:][:size]...)
		}
	}
	if d.pictures != nil {
		sub.pictures = d.pictures.subset(which)
	}
	return &sub
}

// DataFingerprint identifies a dataset in a checkpoint.
type DataFingerprint struct {
	Images  int    `json:"images"`
	Classes int    `json:"classes"`
	Shape   [3]int `json:"shape"`
	Hash    string `json:"hash"` // of pixels and labels; or of the pictures' names, sizes, labels and the beginnings of their files
}

// Fingerprint identifies the data, wherever they lie.
func (d *Dataset) Fingerprint() DataFingerprint {
	return DataFingerprint{d.Len(), d.count, d.shape, fmt.Sprintf("%016x", d.hash)}
}

// difference says what sets f apart from an earlier fingerprint; "" for nothing.
func (f DataFingerprint) difference(before DataFingerprint) string {
	switch {
	case f == before:
		return ""
	case f.Images != before.Images:
		return fmt.Sprintf("%d images, before %d", f.Images, before.Images)
	case f.Classes != before.Classes:
		return fmt.Sprintf("%d classes, before %d", f.Classes, before.Classes)
	case f.Shape != before.Shape:
		return fmt.Sprintf("pictures of %v, before %v (channels, height, width)", f.Shape, before.Shape)
	}
	return fmt.Sprintf("as many pictures as before with other contents, labels or order (hash %s, before %s)", f.Hash, before.Hash)
}

// sameClasses says whether test data number the classes alike: a folder that is
// missing would shift those behind it.
func (d *Dataset) sameClasses(test *Dataset) error {
	if d.classes == nil || test.classes == nil {
		return nil
	}
	for i, name := range d.classes {
		if i >= len(test.classes) {
			return fmt.Errorf("test data %s: class %d, %s, is missing: both need the same folders", test.name, i, name)
		}
		if test.classes[i] != name {
			return fmt.Errorf("test data %s: class %d is %s, in the training data %s: both need the same folders", test.name, i, test.classes[i], name)
		}
	}
	if n := len(d.classes); len(test.classes) > n {
		return fmt.Errorf("test data %s: class %d, %s, is not in the training data: both need the same folders", test.name, n, test.classes[n])
	}
	return nil
}

// newDataset checks what a reader has put together, and computes its hash.
func newDataset(d *Dataset) (*Dataset, error) {
	if len(d.labels) == 0 {
		return nil, fmt.Errorf("%s: no pictures", d.name)
	}
	for i, l := range d.labels {
		if l < 0 || int(l) >= d.count {
			return nil, fmt.Errorf("%s: picture %d has label %d, want 0 to %d", d.name, i, l, d.count-1)
		}
	}
	h := hashInts(fnvOffset, len(d.labels), d.count, d.shape[0], d.shape[1], d.shape[2])
	for _, l := range d.labels {
		h = hashInts(h, int(l))
	}
	if d.pixels != nil {
		h = hashInts(h, int(WeightHash(d.pixels)))
	}
	if d.pictures != nil {
		h = d.pictures.hash(h)
	}
	d.hash = h
	return d, nil
}

// hashInts goes on with FNV-1a of 64-bit words.
func hashInts(h uint64, values ...int) uint64 {
	for _, v := range values {
		h = (h ^ uint64(v)) * fnvPrime
		h ^= h >> 29 // the product's upper bits never reach the lower ones otherwise
	}
	return h
}

// fits says whether a network for images of the shape in can learn from the
// data, prepared by a, or be tested with them.
func (d *Dataset) fits(in [3]int, classes, batch int, a Augment, p Preprocess, training bool) error {
	switch {
	case d.formula != nil && !training:
		return fmt.Errorf("%s has no end: it cannot be test data", d.name)
	case d.count != classes && d.formula == nil:
		return fmt.Errorf("%s has %d classes, the network %d: compile it with -classes %d", d.name, d.count, classes, d.count)
	case d.formula != nil:
		if d.shape != in || d.count != classes {
			return fmt.Errorf("%s gives %v and %d classes, the network takes %v and %d", d.name, d.shape, d.count, in, classes)
		}
		return nil
	case training && d.Len() < batch:
		return fmt.Errorf("%s has %d images, a batch takes %d: choose a smaller batch (-batch) or more data", d.name, d.Len(), batch)
	case d.shape[0] != in[0] && !(d.shape[0] == 1 && in[0] == 3):
		return fmt.Errorf("%s has %d channels, the network takes %d", d.name, d.shape[0], in[0])
	case training && in[0] == 1 && a.Jitter != ColorJitter{}:
		return fmt.Errorf("the network takes one channel, and jitter changes colours: leave it out (-jitter)")
	case training && d.shape[0] == 1 && (a.Jitter.Saturation > 0 || a.Jitter.Hue > 0):
		return fmt.Errorf("%s has one channel, whose saturation and hue cannot change: want 0 for both (-jitter B,C,0,0)", d.name)
	case d.pixels != nil && p.Crop != 0 && (p.Crop != in[1] || p.Crop != in[2]):
		return fmt.Errorf("the crop is %d×%d pixels (-crop) and the input %d×%d: they must be the same", p.Crop, p.Crop, in[2], in[1])
	}
	// What is in memory is resized as inference does it, where it has to be.
	resizes := training && a.resizes() || d.pixels != nil || !training && (p.Resize > 0 || p.Crop > 0)
	if !resizes && d.shape != in {
		have := fmt.Sprintf("has pictures of %d×%d", d.shape[2], d.shape[1])
		if d.shape[1] == 0 {
			have = fmt.Sprintf("has %v", d.pictures.mixed())
		}
		advice := "let them be resized and cropped (-resize, -crop), or make all pictures that size"
		if training {
			advice = "use random resized crops (-augment imagenet), make all pictures that size, or compile for another -input-size"
		}
		return fmt.Errorf("%s %s, the network takes %d×%d: %s", d.name, have, in[2], in[1], advice)
	}
	for c := range in[0] {
		if !(p.Std[min(c, 2)] > 0) {
			return fmt.Errorf("standard deviation %v of channel %d, want one above 0", p.Std[min(c, 2)], c)
		}
	}
	if in[0] != 1 && in[0] != 3 {
		return fmt.Errorf("the network takes %d channels, want 1 or 3 to train on pictures", in[0])
	}
	return nil
}

// OpenDataset reads the training pictures (split "train") or the test pictures
// ("test") at a path, in the format that it finds there:
//
//   - a folder with data_batch_1.bin … and test_batch.bin: CIFAR-10's binary files
//   - a folder with train-images-idx3-ubyte … (with or without .gz): MNIST
//   - a folder or a .zip with a folder train/ and one test/ or val/, each with
//     one folder per class of JPEG, PNG or GIF pictures
//   - for split "train" or "", a folder or a .zip with one folder per class
//
// Where the data are there, but no such split, the error is an fs.ErrNotExist.
func OpenDataset(path, split string, o PictureOptions) (*Dataset, error) {
	tree, err := openTree(path)
	if err != nil {
		return nil, err
	}
	d, err := tree.open(split, o)
	if err != nil {
		return nil, errors.Join(err, tree.close())
	}
	if d.pictures == nil {
		return d, tree.close()
	}
	return d, nil
}

// OpenTestDataset reads the test pictures at a path that is there to test with:
// all pictures of one that has no splits.
func OpenTestDataset(path string, o PictureOptions) (*Dataset, error) {
	d, err := OpenDataset(path, "test", o)
	if errors.Is(err, fs.ErrNotExist) {
		return OpenDataset(path, "", o)
	}
	return d, err
}

// Close gives back the archive that pictures are read from.
func (d *Dataset) Close() error {
	if d.pictures == nil {
		return nil
	}
	return d.pictures.tree.close()
}

// splitNames are the names of the folders and files that may hold a split.
func splitNames(split string) []string {
	if strings.EqualFold(split, "test") {
		return []string{"test", "val", "valid", "validation"}
	}
	return []string{split}
}
