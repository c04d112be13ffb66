package passes

import "strings"

// nearest lists the pass names that are closest to a misspelt one, by edit
// distance, or all of them if none is close.
func nearest(name string) string {
	best, names := len(name)/2+1, []string(nil)
	for _, p := range Table {
		d := distance(strings.ToLower(name), p.Name)
		if strings.Contains(p.Name, strings.ToLower(name)) {
			d = min(d, 1)
		}
		if d < best {
			best, names = d, nil
		}
		if d == best {
			names = append(names, p.Name)
		}
	}
	if names == nil {
		for _, p := range Table {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, " or ")
}

// distance is the Levenshtein distance of a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
