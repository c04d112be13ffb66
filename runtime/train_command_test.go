package runtime

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// parseTrain reads a command line that must be right.
func parseTrain(t *testing.T, args ...string) *TrainCommand {
	t.Helper()
	var c TrainCommand
	if err := c.Flags("train").Parse(append([]string{"-data", "d", "-o", "run"}, args...)); err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestTrainCommandSchedule(t *testing.T) {
	for args, want := range map[string]Schedule{
		"":                                    {Kind: "cosine", LR: 0.1, Total: 300},
		"-epochs 4":                           {Kind: "cosine", LR: 0.1, Total: 40},
		"-steps 7 -lr 0.5":                    {Kind: "constant", LR: 0.5},
		"-epochs 4 -schedule one-cycle -lr 2": {Kind: "one-cycle", LR: 2, Total: 40},
		"-epochs 8 -schedule multi-step":      {Kind: "multi-step", LR: 0.1, Gamma: 0.1, Milestones: []int{40, 60}},
		"-epochs 8 -schedule multi-step -milestones 2.5,3":  {Kind: "multi-step", LR: 0.1, Gamma: 0.1, Milestones: []int{25, 30}},
		"-steps 80 -schedule multi-step -milestones 25,30":  {Kind: "multi-step", LR: 0.1, Gamma: 0.1, Milestones: []int{25, 30}},
		"-epochs 8 -schedule step -every 2 -gamma 0.5":      {Kind: "step", LR: 0.1, Gamma: 0.5, Every: 20},
		"-epochs 8 -warmup 0.5 -warmup-from 0 -min-lr 0.01": {Kind: "cosine", LR: 0.1, Total: 80, Warmup: 5, Min: 0.01},
	} {
		got, err := parseTrain(t, strings.Fields(args)...).schedule(10)
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%q: %+v, %v, want %+v", args, got, err, want)
		}
	}
}

func TestTrainCommandAugment(t *testing.T) {
	small, large := [3]int{3, 32, 32}, [3]int{3, 0, 0}
	for _, c := range []struct {
		args     string
		pictures [3]int
		want     Augment
	}{
		{"", small, CIFARAugment()},
		{"", large, ImageNetAugment()},
		{"", [3]int{1, 28, 28}, Augment{Pad: 4}},
		{"-augment cifar", [3]int{1, 28, 28}, CIFARAugment()},
		{"-augment none", large, Augment{}},
		{"-augment cifar", large, CIFARAugment()},
		{"-augment imagenet", small, ImageNetAugment()},
		{"-augment pad=2", small, Augment{Pad: 2}},
		{"-augment flip -jitter 0.4,0.3,0.2,0.1", small, Augment{Flip: true, Jitter: ColorJitter{0.4, 0.3, 0.2, 0.1}}},
	} {
		got, err := parseTrain(t, strings.Fields(c.args)...).augment(c.pictures, small)
		if err != nil || got != c.want {
			t.Errorf("%q: %+v, %v, want %+v", c.args, got, err, c.want)
		}
	}
}

func TestTrainCommandMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-data=":                               "nothing to learn from",
		"-o=":                                  "no folder for the run",
		"-data formula":                        "no end",
		"-salt x":                              "-salt varies -data formula",
		"-epochs -1":                           "want one of them above 0",
		"-steps 1 -epochs 1":                   "want one of them above 0",
		"-batch 0":                             "-batch 0",
		"-threads -1":                          "-threads",
		"-jitter 1,2":                          "want four numbers",
		"-augment pad=x":                       `-augment "pad=x"`,
		"-lr 0":                                "learning rate 0",
		"-schedule sine":                       `schedule "sine"`,
		"-schedule step":                       "say with -every after how many epochs",
		"-schedule multi-step -milestones 5,2": "-milestones 5,2: want them in order",
		"-ema 1":                               "-ema 1: want 0 (none) or a decay below 1",
		"-eval-every -2":                       "-eval-every -2, ",
		"-keep-checkpoints -4":                 "-keep-checkpoints -4: want at least 1",
		"-patience -1":                         "-patience -1: want 0",
		"-schedule multi-step -milestones 3,b": `"b" is not a fitting number`,
		"-warmup 2 -schedule one-cycle":        "-warmup 2: -schedule one-cycle rises by itself",
		"-data formula -steps 2 -val d":        "goes without -subset and -val",
	} {
		if err := parseTrain(t, strings.Fields(args)...).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}

// TestTrainMainUsage ends before any training.
func TestTrainMainUsage(t *testing.T) {
	p := &TrainProgram{Name: "net", Recipe: "sgd"}
	var out, log strings.Builder
	if status := trainMain(t.Context(), p, []string{"/bin/trainer", "-help"}, &out, io.Discard); status != 0 || !strings.Contains(out.String(), "trainer trains net, by sgd.") || !strings.Contains(out.String(), "-data PATH") {
		t.Errorf("-help: status %d, %q", status, out.String())
	}
	for _, args := range [][]string{{"t", "-x"}, {"t", "-data", "d", "-o", "r", "y"}, {"t"}} {
		log.Reset()
		if status := trainMain(t.Context(), p, args, io.Discard, &log); status != 2 || !strings.HasPrefix(log.String(), "t: ") || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%q: status %d, %q, want 2 and a line that begins with t", args, status, log.String())
		}
	}
	if status := trainMain(t.Context(), p, []string{"t", "-data", t.TempDir() + "/none", "-o", "r"}, io.Discard, &log); status != 1 {
		t.Errorf("no data: status %d, want 1", status)
	}
}

// TestTrainCommandFlags wants a default for each flag that Check accepts.
func TestTrainCommandFlags(t *testing.T) {
	if err := parseTrain(t).Check(); err != nil {
		t.Error(err)
	}
	if kinds := ScheduleKinds(); !slices.Contains(kinds, "cosine") {
		t.Errorf("schedules %v", kinds)
	}
}
