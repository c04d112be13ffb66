package roofline

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

func result(layers int) measure.Result {
	r := measure.Result{Network: "some_net", Config: measure.Config{Batch: 8, Threads: 2, Kernels: "avx2"}, Peak: 200, Bandwidth: 20}
	for i := range layers {
		l := measure.Layer{Name: fmt.Sprintf("layer%d.conv", i), Median: time.Duration(1+i) * time.Millisecond, Bound: time.Millisecond / 2, Memory: i%3 == 0}
		if i%2 == 0 {
			l.Work = measure.Work{Algorithm: []string{"direct", "winograd4"}[i/2%2], FLOPs: 2e7, OwnFLOPs: 1e7, Bytes: 1e5 * (1 + i)}
		}
		r.Layers = append(r.Layers, l)
	}
	return r
}

func TestDraw(t *testing.T) {
	results := []measure.Result{result(9), result(1), result(manyLayers + 1)}
	results[1].Peak = 0 // not known
	var b bytes.Buffer
	if err := Draw(&b, "svg", results); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"some_net, batch 8, 2 threads, avx2 kernels", "layer8.conv", "bound by memory", "Winograd", "peak 200 GFLOP/s, memory 20.0 GB/s"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the drawing", want)
		}
	}
	if strings.Contains(text, fmt.Sprintf("layer%d.conv", manyLayers)) {
		t.Error("so many layers have their names")
	}
	var again bytes.Buffer
	if err := Draw(&again, "svg", results); err != nil || again.String() != text {
		t.Errorf("the drawing differs from one time to the next (%v)", err)
	}
	b.Reset()
	if err := Draw(&b, "png", results[:1]); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X != 1920 || s.Y != 480 {
		t.Errorf("the picture has %v pixels", s)
	}
	if err := Draw(&b, "bmp", results); err == nil || !strings.Contains(err.Error(), `"bmp", want svg or png`) {
		t.Errorf("bmp: %v", err)
	}
}
