package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// job is one run of resnetc bench, and of tune before it if it compares with that.
type job struct {
	model string
	batch int
	count int    // timed runs of each engine at least
	time  string // and as long as this
	train bool
	tuned bool // against the cost model, not other engines
}

// plan is what the pages show.  Large networks get few runs; small ones many, as
// they need some until the threads of the engine before them are out of the way.
var plan = []job{
	{model: "resnet18", batch: 1, count: 10, time: "12s"},
	{model: "resnet34", batch: 1, count: 10, time: "12s"},
	{model: "resnet50", batch: 1, count: 10, time: "15s"},
	{model: "resnet101", batch: 1, count: 10, time: "12s"},
	{model: "resnet152", batch: 1, count: 10, time: "12s"},
	{model: "resnext50_32x4d", batch: 1, count: 10, time: "12s"},
	{model: "wide_resnet50_2", batch: 1, count: 10, time: "12s"},
	{model: "resnet20_cifar", batch: 1, count: 100, time: "10s"},
	{model: "resnet56_cifar", batch: 1, count: 60, time: "10s"},
	{model: "resnet110_cifar", batch: 1, count: 60, time: "10s"},
	{model: "resnet20_cifar", batch: 128, count: 15, time: "10s", train: true},
	{model: "resnet18", batch: 16, count: 8, time: "10s", train: true},
	{model: "resnet50", batch: 16, count: 5, time: "10s", train: true},
	{model: "resnet20_cifar", batch: 128, count: 20, time: "12s"},
	{model: "resnet56_cifar", batch: 128, count: 10, time: "12s"},
	{model: "resnet110_cifar", batch: 128, count: 8, time: "12s"},
	{model: "resnet50", batch: 8, count: 10, time: "15s"},
	{model: "resnet18", batch: 8, count: 10, time: "12s"},
	{model: "resnet34", batch: 8, count: 9, time: "10s"},
	{model: "resnet101", batch: 8, count: 5, time: "10s"},
	{model: "resnet152", batch: 8, count: 5, time: "10s"},
	{model: "resnext50_32x4d", batch: 8, count: 5, time: "10s"},
	{model: "wide_resnet50_2", batch: 8, count: 5, time: "10s"},
	{model: "resnet18", batch: 1, count: 20, time: "10s", tuned: true},
	{model: "resnet50", batch: 1, count: 20, time: "10s", tuned: true},
	{model: "resnet20_cifar", batch: 1, count: 100, time: "5s", tuned: true},
}

// name is that of the job's file, without its end.
func (j job) name() string {
	name := fmt.Sprintf("%s-b%d", j.model, j.batch)
	if j.train {
		name += "-train"
	}
	if j.tuned {
		name += "-tuned"
	}
	return name
}

// waits reports whether a run waits for weights from memory, so that storing them
// as halves makes it faster.
func (j job) waits() bool { return j.batch == 1 && !strings.HasSuffix(j.model, "_cifar") }

func (j job) file(dir string) string { return filepath.Join(dir, j.name()+".json") }

// commands are the command lines after resnetc.  The last one writes the job's file.
func (j job) commands(dir string, quick bool) [][]string {
	bench := j.bench(dir, quick)
	if !j.tuned {
		return [][]string{bench}
	}
	path := filepath.Join(dir, j.name()+".tune") // an interrupted tune goes on with it
	tune := []string{"tune", j.model, "-batch", strconv.Itoa(j.batch), "-threads", "2", "-o", path}
	return [][]string{tune, slices.Concat(bench[:2], []string{"-tune", path}, bench[2:])}
}

func (j job) bench(dir string, quick bool) []string {
	count, time := strconv.Itoa(j.count), j.time
	if quick {
		count, time = "1", "0s"
	}
	b := strconv.Itoa(j.batch)
	args := []string{"bench", j.model}
	switch {
	case j.train:
		args = append(args, "-mode", "train", "-vs", "fast,pytorch", "-batch", b, "-threads", "2")
	case j.tuned:
		args = append(args, "-vs", "untuned", "-batch", b, "-threads", "2")
	case j.waits():
		args = append(args, "-vs", "f16,peers", "-batch", b, "-threads", "1,2")
	default:
		args = append(args, "-vs", "peers", "-batch", b, "-threads", "1,2")
	}
	return append(args, "-count", count, "-time", time, "-json", j.file(dir))
}
