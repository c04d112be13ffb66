package nearest

import "strings"

// Word returns the candidate with the smallest edit distance to word, letter
// case aside, or "" if none is close: more than a third of the word's letters,
// and more than two, would have to change.
func Word(word string, candidates []string) string {
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// Suggestion returns `; did you mean "x"?`, or "" if nothing is close.
func Suggestion(word string, candidates []string) string {
	if w := Word(word, candidates); w != "" {
		return `; did you mean "` + w + `"?`
	}
	return ""
}

// distance is the optimal string alignment distance: Levenshtein's, with a
// swap of neighbours as one step, the commonest slip at a keyboard.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
