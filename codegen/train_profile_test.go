package codegen

import (
	"bytes"
	"testing"
	"time"

	"github.com/resnetc/resnetc/zoo/golden"
)

// TestTrainProfile wants each row of a step timed, and its work counted.
func TestTrainProfile(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 2, Input: []int{2, 3, 16, 16}, Classes: 10, Momentum: 0.9}
	tr, err := trainerOf(trainingGraph(t, s), s.Batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	images, labels := formulaBatch(s, 0)
	if _, err := tr.Step(images, labels, 0.1); err != nil {
		t.Fatal(err)
	}
	tr.ResetProfile()
	start := time.Now()
	for range 2 {
		if _, err := tr.Step(images, labels, 0.1); err != nil {
			t.Fatal(err)
		}
	}
	elapsed := time.Since(start)
	p := tr.Profile()
	macs := map[string]int{}
	for _, l := range p.Layers {
		if l.Runs != 2 || l.Duration <= 0 {
			t.Errorf("%s %s: %d runs in %v, want 2", l.Op, l.Name, l.Runs, l.Duration)
		}
		macs[l.Op] += l.MACs
	}
	if total := p.Total(); total.Duration > elapsed || total.Duration < elapsed/2 || total.Bytes == 0 {
		t.Errorf("all rows took %v of %v and moved %d bytes", total.Duration, elapsed, total.Bytes)
	}
	// Of 16×16 images a quarter of the 40.55 million of 32×32, but for the
	// linear layer; both gradients have as many, but for the first layer's.
	const forward = 2 * 2 * (40_551_040 - 640) / 4
	if got := macs["conv2d_grad_weight"]; got < forward || got > forward+forward/100 {
		t.Errorf("weight gradients have %d multiply-adds, want about %d", got, forward)
	}
	if got := macs["conv2d"]; got < forward*18/10 || got > forward*21/10 {
		t.Errorf("convolutions have %d multiply-adds, want about %d", got, 2*forward)
	}
	var table bytes.Buffer
	if err := p.WriteTable(&table); err != nil || !bytes.Contains(table.Bytes(), []byte("conv2d_grad_weight")) {
		t.Errorf("table %q, error %v", &table, err)
	}
}
