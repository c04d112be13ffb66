package pretrained

import "embed"

//go:embed *.th
var files embed.FS

// Open returns the file of weights, as zoo/weights reads it, that comes with
// the compiler for a model of the zoo; ok is false if there is none.
func Open(model string) (data []byte, ok bool) {
	data, err := files.ReadFile(File(model))
	return data, err == nil
}

// File is the name of the model's file, for error messages.
func File(model string) string { return model + ".th" }
