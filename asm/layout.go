package asm

// Offsets in bytes of the fields of the argument structs in runtime/kernels.go,
// by type and field.  gen/kernels checks them against the structs.
var (
	convArgs = map[string]int{
		"in": 0, "w": 8, "out": 16, "bias": 24, "res": 32,
		"tiles": 40, "blocks": 48, "kh": 56, "kw": 64,
		"inPlane": 72, "inRow": 80, "inCol": 88, "wBlock": 96, "outPlane": 104, "resPlane": 112,
		"flags": 120, "products": 128, "inNext": 136, "outNext": 144, "wNext": 152, "ahead": 160, "aheadStep": 168,
	}
	poolArgs = map[string]int{
		"in": 0, "out": 8,
		"pixels": 16, "kh": 24, "kw": 32, "inRow": 40, "inStep": 48,
		"scale": 56,
	}
	eltwiseArgs = map[string]int{
		"a": 0, "b": 8, "out": 16, "scale": 24, "bias": 32,
		"pixels": 40, "flags": 48,
	}
	winogradArgs = map[string]int{
		"in": 0, "out": 8, "bias": 16, "res": 24,
		"tiles": 32, "matrix": 40, "row": 48, "resRow": 56, "rows": 64, "cols": 72,
		"flags": 80,
	}
	strassenArgs = map[string]int{
		"in": 0, "out": 8, "pixels": 16, "rows": 24, "planes": 32, "matrix": 40,
	}
)

// The flags of runtime/kernels.go and train_kernels.go.
const (
	flagReLU       = 1
	flagAccumulate = 2
	flagNear       = 4
	flagFromX      = 8
	flagBare       = 16
)

// argsType returns the name of an operation's argument struct, and its layout.
func argsType(op string) (string, map[string]int) {
	switch op {
	case "conv2d", "stem":
		return "convArgs", convArgs
	case "maxpool", "sumpool":
		return "poolArgs", poolArgs
	case "winograd_in", "winograd_out", "polyphase_in", "polyphase_out", "stem_in", "winograd_weight", "winograd_grad_in", "winograd_grad_out":
		return "winogradArgs", winogradArgs
	case "strassen_in":
		return "strassenArgs", strassenArgs
	case "weight_grad", "weight_grad_pair", "weight_grad_taps":
		return "weightGradArgs", weightGradArgs
	case "moments", "grad_sums", "grad_sweep", "mask_grad", "normalize":
		return "channelArgs", channelArgs
	case "max_pool_grad":
		return "maxPoolGradArgs", maxPoolGradArgs
	default:
		return "eltwiseArgs", eltwiseArgs
	}
}
