package zoo

// The papers.
var (
	residual = Paper{"1512.03385", "Deep Residual Learning for Image Recognition"}
	identity = Paper{"1603.05027", "Identity Mappings in Deep Residual Networks"}
	resnext  = Paper{"1611.05431", "Aggregated Residual Transformations for Deep Neural Networks"}
	wide     = Paper{"1605.07146", "Wide Residual Networks"}
)

// Mean and standard deviation of ImageNet's RGB pixels, which torchvision's
// weights and the pretrained CIFAR weights were both trained with.
var (
	mean = [3]float32{0.485, 0.456, 0.406}
	std  = [3]float32{0.229, 0.224, 0.225}
)

// The families.
var (
	ImageNet = Family{
		Stem:       Stem{Channels: 64, Kernel: 7, Stride: 2, MaxPool: true},
		Head:       "fc",
		InputSize:  224,
		Classes:    1000,
		Labels:     "imagenet1k",
		Preprocess: Preprocess{Resize: 256, Crop: 224, Mean: mean, Std: std},
	}
	CIFAR = Family{
		Stem:       Stem{Channels: 16, Kernel: 3, Stride: 1},
		Head:       "linear",
		InputSize:  32,
		Classes:    10,
		Labels:     "cifar10",
		Preprocess: Preprocess{Mean: mean, Std: std},
	}
)

// Models has one row per architecture: name, paper, family, block, blocks per
// stage, shortcut, groups, width.
var Models = []Model{
	{"resnet18", residual, &ImageNet, Basic, []int{2, 2, 2, 2}, ShortcutB, 1, 64},
	{"resnet34", residual, &ImageNet, Basic, []int{3, 4, 6, 3}, ShortcutB, 1, 64},
	{"resnet34_a", residual, &ImageNet, Basic, []int{3, 4, 6, 3}, ShortcutA, 1, 64},
	{"resnet34_c", residual, &ImageNet, Basic, []int{3, 4, 6, 3}, ShortcutC, 1, 64},
	{"resnet50", residual, &ImageNet, Bottleneck, []int{3, 4, 6, 3}, ShortcutB, 1, 64},
	{"resnet101", residual, &ImageNet, Bottleneck, []int{3, 4, 23, 3}, ShortcutB, 1, 64},
	{"resnet152", residual, &ImageNet, Bottleneck, []int{3, 8, 36, 3}, ShortcutB, 1, 64},
	{"plain18", residual, &ImageNet, Basic, []int{2, 2, 2, 2}, NoShortcut, 1, 64},
	{"plain34", residual, &ImageNet, Basic, []int{3, 4, 6, 3}, NoShortcut, 1, 64},
	{"resnext50_32x4d", resnext, &ImageNet, Bottleneck, []int{3, 4, 6, 3}, ShortcutB, 32, 4},
	{"resnext101_32x8d", resnext, &ImageNet, Bottleneck, []int{3, 4, 23, 3}, ShortcutB, 32, 8},
	{"resnext101_64x4d", resnext, &ImageNet, Bottleneck, []int{3, 4, 23, 3}, ShortcutB, 64, 4},
	{"wide_resnet50_2", wide, &ImageNet, Bottleneck, []int{3, 4, 6, 3}, ShortcutB, 1, 128},
	{"wide_resnet101_2", wide, &ImageNet, Bottleneck, []int{3, 4, 23, 3}, ShortcutB, 1, 128},

	{"resnet8_cifar", residual, &CIFAR, Basic, []int{1, 1, 1}, ShortcutA, 1, 64},
	{"resnet14_cifar", residual, &CIFAR, Basic, []int{2, 2, 2}, ShortcutA, 1, 64},
	{"resnet20_cifar", residual, &CIFAR, Basic, []int{3, 3, 3}, ShortcutA, 1, 64},
	{"resnet32_cifar", residual, &CIFAR, Basic, []int{5, 5, 5}, ShortcutA, 1, 64},
	{"resnet44_cifar", residual, &CIFAR, Basic, []int{7, 7, 7}, ShortcutA, 1, 64},
	{"resnet56_cifar", residual, &CIFAR, Basic, []int{9, 9, 9}, ShortcutA, 1, 64},
	{"resnet110_cifar", residual, &CIFAR, Basic, []int{18, 18, 18}, ShortcutA, 1, 64},
	{"resnet1202_cifar", residual, &CIFAR, Basic, []int{200, 200, 200}, ShortcutA, 1, 64},
	{"plain8_cifar", residual, &CIFAR, Basic, []int{1, 1, 1}, NoShortcut, 1, 64},
	{"plain14_cifar", residual, &CIFAR, Basic, []int{2, 2, 2}, NoShortcut, 1, 64},
	{"plain20_cifar", residual, &CIFAR, Basic, []int{3, 3, 3}, NoShortcut, 1, 64},
	{"plain32_cifar", residual, &CIFAR, Basic, []int{5, 5, 5}, NoShortcut, 1, 64},
	{"plain44_cifar", residual, &CIFAR, Basic, []int{7, 7, 7}, NoShortcut, 1, 64},
	{"plain56_cifar", residual, &CIFAR, Basic, []int{9, 9, 9}, NoShortcut, 1, 64},
	{"resnet164_cifar", identity, &CIFAR, Bottleneck, []int{18, 18, 18}, ShortcutB, 1, 64},
	{"preact_resnet164_cifar", identity, &CIFAR, PreAct, []int{18, 18, 18}, ShortcutB, 1, 64},
	{"preact_resnet1001_cifar", identity, &CIFAR, PreAct, []int{111, 111, 111}, ShortcutB, 1, 64},
}
