package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/atomicfile"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

// pages are the files whose tables are written if no other is named.
var pages = []string{"cmd/resnetc/BENCHMARKS.md", "README.md"}

func writePages(root string, pages []string, results []measure.Result) error {
	for _, page := range pages {
		path := filepath.Join(root, filepath.FromSlash(page))
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		filled, err := fill(string(text), results)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if filled == string(text) {
			continue
		}
		err = atomicfile.Write(path, func(w io.Writer) error {
			_, err := io.WriteString(w, filled)
			return err
		})
		if err != nil {
			return fmt.Errorf("cannot write %s: %w", path, err)
		}
	}
	return nil
}

const end = "<!-- end -->\n"

// fill puts the tables into a page.
func fill(page string, results []measure.Result) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(page, "<!-- figures: ")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, rest, ok := strings.Cut(rest, " -->\n")
		make, known := tables[name]
		if !ok || !known {
			name, _, _ = strings.Cut(name, "\n")
			return "", fmt.Errorf("%q after \"<!-- figures: \" is no table, want one of %s and \" -->\"", name, strings.Join(slices.Sorted(maps.Keys(tables)), ", "))
		}
		_, page, ok = strings.Cut(rest, end)
		if !ok {
			return "", fmt.Errorf("no line %q after %q", strings.TrimSpace(end), name)
		}
		fmt.Fprintf(&b, "<!-- figures: %s -->\n%s%s", name, make(results), end)
	}
}
