package runtime

import (
	"fmt"
	"path"
	"strings"
)

// A record of CIFAR-10's binary version (Krizhevsky, "Learning Multiple Layers
// of Features from Tiny Images", 2009; cs.toronto.edu/~kriz/cifar.html): a byte
// for the class, then three planes of 32 rows of 32 bytes, red, green and blue.
const (
	cifarSide    = 32
	cifarPlane   = cifarSide * cifarSide
	cifarRecord  = 1 + 3*cifarPlane
	cifarClasses = 10
	cifarLimit   = 1 << 30 // bytes of a file, more than thirty times the real ones
)

// openCIFAR10 reads data_batch_1.bin to the last that is there, in order, or
// test_batch.bin.
func openCIFAR10(t *dataTree, root, split string) (*Dataset, error) {
	d := &Dataset{name: t.name, count: cifarClasses, shape: [3]int{3, cifarSide, cifarSide}}
	var files []string
	switch split {
	case "train", "":
		for i := 1; i <= 5; i++ {
			files = append(files, fmt.Sprintf("data_batch_%d.bin", i))
		}
	case "test":
		files = []string{"test_batch.bin"}
	default:
		return nil, fmt.Errorf("data %s: CIFAR-10 has a split train and a split test, none %q", t.name, split)
	}
	for _, f := range files {
		b, err := t.read(path.Join(root, f), cifarLimit)
		if err != nil {
			return nil, err
		}
		if err := d.addCIFAR10(b); err != nil {
			return nil, t.errorf(path.Join(root, f), "%w", err)
		}
	}
	if text, err := t.read(path.Join(root, "batches.meta.txt"), 1<<16); err == nil {
		if names := strings.Fields(string(text)); len(names) == cifarClasses {
			d.classes = names
		}
	}
	return newDataset(d)
}

// addCIFAR10 adds the records of one file.
func (d *Dataset) addCIFAR10(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("empty, want records of %d bytes", cifarRecord)
	}
	if rest := len(b) % cifarRecord; rest != 0 {
		return fmt.Errorf("record %d is cut off after %d of %d bytes: unpack the archive again", len(b)/cifarRecord, rest, cifarRecord)
	}
	n := len(b) / cifarRecord
	at := len(d.pixels)
	d.pixels = append(d.pixels, make([]uint8, n*3*cifarPlane)...)
	for i := range n {
		record := b[i*cifarRecord:][:cifarRecord]
		if record[0] >= cifarClasses {
			return fmt.Errorf("record %d has label %d, want 0 to %d", i, record[0], cifarClasses-1)
		}
		d.labels = append(d.labels, int32(record[0]))
		out := d.pixels[at+i*3*cifarPlane:][:3*cifarPlane]
		for c := range 3 {
			for p, v := range record[1+c*cifarPlane:][:cifarPlane] {
				out[3*p+c] = v
			}
		}
	}
	return nil
}
