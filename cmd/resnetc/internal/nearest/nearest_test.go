package nearest

import "testing"

func TestWord(t *testing.T) {
	models := []string{"resnet18", "resnet50", "resnet20_cifar", "resnext50_32x4d", "wide_resnet50_2"}
	for _, c := range []struct{ in, want string }{
		{"resnet50", "resnet50"},
		{"resnet05", "resnet50"}, // a swap is nearer than two changes
		{"ResNet18", "resnet18"},
		{"resnet20-cifar", "resnet20_cifar"},
		{"resnext50_32x4", "resnext50_32x4d"},
		{"alexnet", ""},
		{"", ""},
	} {
		if got := Word(c.in, models); got != c.want {
			t.Errorf("Word(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"same", "same", 0}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
