package zoo

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

// block appends one residual block; planes are the channels of its first
// convolution where groups and width are the usual ones.
func (b *builder) block(name string, x *ir.Value, planes, stride int) *ir.Value {
	switch b.m.Block {
	case Basic:
		return b.basic(name, x, planes, stride)
	case Bottleneck:
		return b.bottleneck(name, x, planes, stride)
	case PreAct:
		return b.preact(name, x, planes, stride)
	}
	if b.err == nil {
		b.err = fmt.Errorf("%s: unknown kind of block %q", name, b.m.Block)
	}
	return x
}

func (b *builder) basic(name string, x *ir.Value, planes, stride int) *ir.Value {
	y := b.conv(name+".conv1", x, planes, 3, stride, 1)
	y = b.relu(name+".relu1", b.norm(name+".bn1", y))
	y = b.norm(name+".bn2", b.conv(name+".conv2", y, planes, 3, 1, 1))
	return b.join(name, x, y, stride)
}

func (b *builder) bottleneck(name string, x *ir.Value, planes, stride int) *ir.Value {
	width := planes * b.m.Width / 64 * b.m.Groups
	stride1, stride3 := 1, stride
	if b.strideOn1x1 {
		stride1, stride3 = stride, 1
	}
	y := b.conv(name+".conv1", x, width, 1, stride1, 1)
	y = b.relu(name+".relu1", b.norm(name+".bn1", y))
	y = b.conv(name+".conv2", y, width, 3, stride3, b.m.Groups)
	y = b.relu(name+".relu2", b.norm(name+".bn2", y))
	y = b.norm(name+".bn3", b.conv(name+".conv3", y, planes*expansion, 1, 1, 1))
	return b.join(name, x, y, stride)
}

// preact has its stride on the first 1x1 always, as the paper's code does.
func (b *builder) preact(name string, x *ir.Value, planes, stride int) *ir.Value {
	a := b.relu(name+".relu1", b.norm(name+".bn1", x))
	y := b.conv(name+".conv1", a, planes, 1, stride, 1)
	y = b.relu(name+".relu2", b.norm(name+".bn2", y))
	y = b.conv(name+".conv2", y, planes, 3, 1, 1)
	y = b.relu(name+".relu3", b.norm(name+".bn3", y))
	y = b.conv(name+".conv3", y, planes*expansion, 1, 1, 1)
	if stride != 1 || x.Type.Shape[1] != planes*expansion {
		x = b.conv(name+".downsample.0", a, planes*expansion, 1, stride, 1)
	}
	return b.add(ir.Add, name+".add", nil, y, x)
}

// join adds the shortcut of x to the block's result y, and applies the last ReLU.
func (b *builder) join(name string, x, y *ir.Value, stride int) *ir.Value {
	if b.m.Shortcut != NoShortcut {
		y = b.add(ir.Add, name+".add", nil, y, b.shortcut(name, x, y.Type.Shape[1], stride))
	}
	return b.relu(name+".relu", y)
}

func (b *builder) shortcut(name string, x *ir.Value, out, stride int) *ir.Value {
	grow := out - x.Type.Shape[1]
	same := stride == 1 && grow == 0
	switch {
	case b.m.Shortcut == ShortcutC, b.m.Shortcut == ShortcutB && !same:
		return b.norm(name+".downsample.1", b.conv(name+".downsample.0", x, out, 1, stride, 1))
	case b.m.Shortcut == ShortcutA && !same:
		if stride != 1 {
			x = b.add(ir.Subsample, name+".shortcut.subsample", ir.Attrs{"stride": []int{stride, stride}}, x)
		}
		if grow != 0 {
			x = b.add(ir.PadChannels, name+".shortcut.pad", ir.Attrs{"before": grow / 2, "after": grow - grow/2}, x)
		}
	}
	return x
}
