package main

import "github.com/urfave/cli/v3"

// The values of -mode.
const (
	modeInfer = "infer"
	modeTrain = "train"
)

// inferOnly are the flags that only packages for inference have.
var inferOnly = []string{"exact", "weights-dtype", "tune", "embed", "file", "labels"}

// readMode reads -mode, and refuses flags that belong to the other one: those of
// trainers, and inferOnly and more.
func readMode(c *cli.Command, trainers []cli.Flag, more ...string) (string, error) {
	mode := c.String("mode")
	if err := oneOf("mode", mode, []string{modeInfer, modeTrain}); err != nil {
		return "", err
	}
	if mode == modeInfer {
		for _, f := range trainers {
			if name := f.Names()[0]; c.IsSet(name) {
				return "", usagef("-%s is for trainers: add -mode train", name)
			}
		}
		return mode, nil
	}
	for _, name := range append(more, inferOnly...) {
		if c.IsSet(name) {
			return "", usagef("-%s is for -mode infer", name)
		}
	}
	return mode, nil
}
