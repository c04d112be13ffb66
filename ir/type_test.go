package ir

import "testing"

func TestType(t *testing.T) {
	for _, c := range []struct {
		typ    Type
		text   string
		stored int
	}{
		{Type{Shape: Shape{Batch, 20, 4, 5}}, "f32[N,20,4,5]", 400},
		{Type{Shape: Shape{Batch, 20, 4, 5}, Layout: NCHW16c}, "f32[N,20,4,5] nchw16c", 640},
		{Type{Shape: Shape{Batch, 20, 4, 5}, Layout: NCHW16c, Halo: 2}, "f32[N,20,4,5] nchw16c halo=2", 32 * 8 * 9},
		{Type{Shape: Shape{Batch, 20, 4, 5}, Halo: 1}, "f32[N,20,4,5] halo=1", 20 * 6 * 7},
		{Type{Shape: Shape{Batch, 10}, Layout: NCHW16c}, "f32[N,10] nchw16c", 16},
		{Type{Shape: Shape{64, 3, 7, 7}}, "f32[64,3,7,7]", 64 * 3 * 49},
		{Type{Shape: Shape{Batch}}, "f32[N]", 1},
		{Type{}, "f32[]", 1},
		{Type{DType: 9, Layout: 8}, "dtype(9)[] layout(8)", 1},
	} {
		if got := c.typ.String(); got != c.text {
			t.Errorf("type prints as %s, want %s", got, c.text)
		}
		if got := c.typ.Stored(); got != c.stored {
			t.Errorf("%v takes %d elements, want %d", c.typ, got, c.stored)
		}
	}
}
