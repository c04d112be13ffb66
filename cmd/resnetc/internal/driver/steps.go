package driver

import (
	"context"
	_ "embed"
	"strconv"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver/wire"
)

//go:embed _steps/main.go
var stepsSource []byte

// StepSources are the files of the program that takes training steps one at a
// time, as [Program.StartTrainer] asks for, for BuildOptions.
func StepSources() map[string][]byte {
	return map[string][]byte{"main.go": stepsSource, "bandwidth.go": bandwidthSource, "costs.go": costsSource, "wire/wire.go": wireSource}
}

// TrainSession is a running trainer.  It serves one request at a time.
type TrainSession struct{ *Session }

// StartTrainer starts a program of StepSources for steps of batch images.  It
// runs until Close, or until ctx is done.
func (p *Program) StartTrainer(ctx context.Context, o StartOptions, batch int) (TrainSession, error) {
	s, err := p.start(ctx, o, "-batch", strconv.Itoa(batch))
	return TrainSession{s}, err
}

// SetParameter gives a weight or statistic a value.
func (s TrainSession) SetParameter(name string, data []float32) error {
	_, err := s.do(wire.Request{Op: wire.Set, Name: name, Images: data})
	return err
}

// Step takes one step and gives the loss before it.  Repeat takes it again.
func (s TrainSession) Step(images []float32, labels []int32, rate float32) (float32, error) {
	r, err := s.do(wire.Request{Op: wire.Step, Images: images, Labels: labels, Rate: rate})
	return r.Loss, err
}
