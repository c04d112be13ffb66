package labels

import (
	"embed"
	"strings"
)

//go:embed imagenet1k.txt cifar10.txt
var files embed.FS

// Names returns the classes of the label set, in order; nil for a set that
// isn't known.
func Names(set string) []string {
	text, err := files.ReadFile(set + ".txt")
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}
