package zoo

import (
	"fmt"
	"strings"

	"github.com/resnetc/resnetc/ir/nearest"
)

// Model is one architecture.
type Model struct {
	Name     string
	Paper    Paper
	Family   *Family
	Block    Block
	Layers   []int // blocks in each stage
	Shortcut Shortcut
	Groups   int // channel groups of a bottleneck's 3x3 convolution
	Width    int // channels of a bottleneck's group, 64 being the usual bottleneck's
}

// Paper is where an architecture was published.
type Paper struct {
	ArXiv string // for instance 1512.03385
	Title string
}

// Block is the kind of residual block that a network repeats.
type Block string

// The blocks.
const (
	// Basic is two 3x3 convolutions (arXiv 1512.03385, figure 5 left).
	Basic Block = "basic"
	// Bottleneck is 1x1, 3x3 and 1x1, the last with four times the channels
	// (arXiv 1512.03385, figure 5 right).
	Bottleneck Block = "bottleneck"
	// PreAct is the bottleneck with batch norm and ReLU before each
	// convolution (arXiv 1603.05027, figure 4e).  The first 1x1 has the stride.
	PreAct Block = "preact"
)

// Shortcut says what is added to a block's result (arXiv 1512.03385, section 3.3).
type Shortcut string

// The shortcuts.
const (
	// ShortcutA adds the input; where its size differs, every stride-th pixel
	// of it, with channels of zeros, half of them before and half after.
	ShortcutA Shortcut = "A"
	// ShortcutB adds the input, projected by a 1x1 convolution where its size differs.
	ShortcutB Shortcut = "B"
	// ShortcutC always projects.
	ShortcutC Shortcut = "C"
	// NoShortcut adds nothing: a plain network.
	NoShortcut Shortcut = "none"
)

// Family is what networks for one kind of data share.
type Family struct {
	Stem       Stem
	Head       string // name of the classifier's layer
	InputSize  int    // default height and width
	Classes    int    // default
	Labels     string // name of the label set in zoo/labels
	Preprocess Preprocess
}

// Stem is the beginning of a network, before its first stage.
type Stem struct {
	Channels int // also those of the first stage, before a bottleneck's expansion
	Kernel   int
	Stride   int
	MaxPool  bool // 3x3, stride 2
}

// Preprocess says how an image becomes the network's input.  Its fields are
// those of the runtime's type of that name, so that one converts to the other.
type Preprocess struct {
	Resize int // shorter side after resizing, bilinear with antialiasing; 0 for none
	Crop   int // side of the central crop; 0 to resize to the input size exactly
	Mean   [3]float32
	Std    [3]float32
}

// Options choose a variant of an architecture; the zero value is the default.
type Options struct {
	Classes   int    // 0 for the model's default
	InputSize [2]int // height and width; 0, 0 for the model's default
	// StrideOn1x1 puts a bottleneck's stride on its first 1x1 convolution, as
	// the paper and the original Caffe weights do, instead of on the 3x3, as
	// torchvision does ("ResNet v1.5").
	StrideOn1x1 bool
}

// Limits that keep every size far from overflow; they are wider than any use.
const (
	maxSide    = 8192
	maxClasses = 1 << 20
)

// Lookup returns the model called name.  The error for an unknown name
// suggests the nearest ones.
func Lookup(name string) (*Model, error) {
	names := make([]string, len(Models))
	for i := range Models {
		if Models[i].Name == name {
			return &Models[i], nil
		}
		names[i] = Models[i].Name
	}
	if near := nearest.Names(name, names, 3); len(near) > 0 {
		return nil, fmt.Errorf("zoo: unknown model %q; did you mean %s? (resnetc list shows all)", name, strings.Join(near, ", "))
	}
	return nil, fmt.Errorf("zoo: unknown model %q; resnetc list shows all", name)
}

// resolve replaces the zero options by the model's defaults and checks all of them.
func (m *Model) resolve(o Options) (Options, error) {
	if o.Classes == 0 {
		o.Classes = m.Family.Classes
	}
	if o.InputSize == [2]int{} {
		o.InputSize = [2]int{m.Family.InputSize, m.Family.InputSize}
	}
	if o.Classes < 1 || o.Classes > maxClasses {
		return o, fmt.Errorf("zoo: %s: %d classes, want 1 to %d", m.Name, o.Classes, maxClasses)
	}
	if h, w := o.InputSize[0], o.InputSize[1]; min(h, w) < 1 || max(h, w) > maxSide {
		return o, fmt.Errorf("zoo: %s: input of %dx%d pixels, want 1 to %d each way", m.Name, h, w, maxSide)
	}
	if o.StrideOn1x1 && m.Block == Basic {
		return o, fmt.Errorf("zoo: %s: its blocks have no 1x1 convolution to put the stride on; leave that option out", m.Name)
	}
	return o, nil
}

// Preprocess is how an image becomes an input for the network that o
// describes.  A square input of another size than the default keeps the ratio of
// resize to crop; for one that isn't square the image is resized to it exactly.
func (m *Model) Preprocess(o Options) (Preprocess, error) {
	o, err := m.resolve(o)
	if err != nil {
		return Preprocess{}, err
	}
	p := m.Family.Preprocess
	h, w := o.InputSize[0], o.InputSize[1]
	switch {
	case p.Crop == 0:
	case h != w:
		p.Resize, p.Crop = 0, 0
	default:
		p.Resize = (p.Resize*h + p.Crop/2) / p.Crop
		p.Crop = h
	}
	return p, nil
}

// Labels names the label set (see zoo/labels) of the network that o
// describes, or is empty if it has another number of classes.
func (m *Model) Labels(o Options) string {
	if o.Classes != 0 && o.Classes != m.Family.Classes {
		return ""
	}
	return m.Family.Labels
}
