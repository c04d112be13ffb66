package nearest

import (
	"slices"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3},
		{"flaw", "lawn", 2}, {"resnet18", "resnet81", 2}, {"aa", "aaa", 1}, {"abab", "ab", 2},
	} {
		if got := Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := Distance(tt.b, tt.a); got != tt.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	candidates := []string{"resnet50", "resnet18", "resnet15", "plain18", "zzz"}
	for _, tt := range []struct {
		name string
		n    int
		want []string
	}{
		{"resnet18", 1, []string{"resnet18"}},
		{"resnet19", 3, []string{"resnet18", "resnet15", "resnet50"}},
		{"ResNet18", 1, []string{"resnet18"}},
		{"pl", 3, []string{"plain18"}},
		{"xylophone", 3, nil},
		{"", 3, nil},
	} {
		if got := Names(tt.name, candidates, tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("Names(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}
