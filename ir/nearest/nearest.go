package nearest

import (
	"fmt"
	"slices"
	"strings"
)

// maxLen bounds the length of two names together, as the time grows with its square.
const maxLen = 400

// Names returns up to n of the candidates, most similar to name first, ties in
// the candidates' order.  Case doesn't matter, and a candidate that name is a
// part of counts as one letter off.  Candidates that share less than about
// half of their letters with name are left out: a wild guess helps nobody.
func Names(name string, candidates []string, n int) []string {
	type ranked struct {
		name string
		dist int
	}
	var list []ranked
	name = strings.ToLower(name)
	for _, c := range candidates {
		if len(name)+len(c) > maxLen {
			continue
		}
		d := Distance(name, strings.ToLower(c))
		if name != "" && strings.Contains(strings.ToLower(c), name) {
			d = min(d, 1)
		}
		if d <= max(len(name), len(c))/2 {
			list = append(list, ranked{c, d})
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return a.dist - b.dist })
	var out []string
	for _, r := range list[:min(n, len(list))] {
		out = append(out, r.name)
	}
	return out
}

// Suggestion is a sentence for an error message, with the candidate most
// similar to name: `; did you mean "conv2d"?`, or nothing if none is.
func Suggestion(name string, candidates []string) string {
	if near := Names(name, candidates, 1); near != nil {
		return fmt.Sprintf("; did you mean %q?", near[0])
	}
	return ""
}

// Distance is Levenshtein's: the least number of bytes to insert, delete or
// replace to turn a into b.
func Distance(a, b string) int {
	// Names share long beginnings and endings, which cost nothing.
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
