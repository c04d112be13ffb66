package labels

import "testing"

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		set   string
		n     int
		index int
		name  string
	}{
		{"imagenet1k", 1000, 0, "tench"},
		{"imagenet1k", 1000, 281, "tabby"},
		{"imagenet1k", 1000, 999, "toilet tissue"},
		{"cifar10", 10, 3, "cat"},
		{"cifar10", 10, 9, "truck"},
	} {
		names := Names(tt.set)
		if len(names) != tt.n {
			t.Fatalf("%s: %d names, want %d", tt.set, len(names), tt.n)
		}
		if names[tt.index] != tt.name {
			t.Errorf("%s: class %d is %q, want %q", tt.set, tt.index, names[tt.index], tt.name)
		}
		for i, name := range names {
			if name == "" {
				t.Errorf("%s: class %d has no name", tt.set, i)
			}
		}
	}
	if names := Names("cifar100"); names != nil {
		t.Errorf("an unknown set has names %q", names)
	}
}
