package ir

import "fmt"

// suggest gives `; did you mean "x"?` for the candidate nearest to name, or ""
// if none is near.
func suggest(name string, candidates func(yield func(string) bool)) string {
	if len(name) > 200 { // the distance takes quadratic time
		return ""
	}
	best, least := "", max(2, len(name)/3)+1
	for c := range candidates {
		if len(c) > len(name)+least || len(c) < len(name)-least {
			continue
		}
		if d := distance(name, c); d < least || d == least && best != "" && c < best {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is Levenshtein's: the least number of bytes to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
