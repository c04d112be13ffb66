package weights

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSniff(t *testing.T) {
	for data, want := range map[string]string{
		"":                                    "the file is empty",
		"x":                                   "neither safetensors nor a PyTorch file",
		"hello, world":                        `it begins with "hello, world"`,
		"version https://git-lfs.github.com/": "git lfs pull",
		"<!DOCTYPE html>":                     "a web page",
		"\x89HDF\r\n\x1a\n":                   "Keras",
		"\x93NUMPY\x01\x00":                   "NumPy",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00":    "gzip",
		"\x80\x01K\x01.":                      "neither safetensors",
	} {
		refuse(t, want, []byte(data), want)
	}
}

func TestLoadFile(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none.pth"): "none.pth: no such file",
		dir:                            "not a regular file",
	} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
	// The extension says nothing.
	path := filepath.Join(dir, "weights.png")
	if err := os.WriteFile(path, torchZip(t, stateDictPickle("", floats("a", "0", 1)), file{"0", f32(5)}), 0o666); err != nil {
		t.Fatal(err)
	}
	list, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := show(list); got != "a F32[1]=[5]\n" {
		t.Errorf("got %s", got)
	}
}
