package runtime

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TrainCommand is the command line of a trainer: what to learn from, for how
// long and how fast.  What is compiled into the step, such as momentum and
// weight decay, is not among it.
type TrainCommand struct {
	Data, Val, Salt    string
	Subset, ValSubset  int
	SkipCorrupt        bool
	Out                string
	Epochs, Steps      int
	Batch              int
	Seed               uint64
	Threads, Workers   int
	Kernels            string
	Params             string
	LR                 float64
	Schedule           string
	Gamma, MinLR       float64
	Every              float64
	Milestones         string
	Warmup, WarmupFrom float64
	Augment            string
	Jitter             string
	EMA                float64
	EMAEvery           int
	Patience           int
	EvalEvery          int
	SaveSteps, Keep    int
	Resume             string
	Change             bool
}

// Flags declares the command's flags; parsing them fills c.
func (c *TrainCommand) Flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.StringVar(&c.Data, "data", "", "learn from the pictures in `PATH`: a folder with CIFAR-10's binary files or MNIST's, or a folder or zip file with train/CLASS/*.jpg; or from formula")
	f.StringVar(&c.Val, "val", "", "test with the pictures in `PATH`, or none (default: the test pictures of -data)")
	f.StringVar(&c.Salt, "salt", "", "vary the batches of -data formula by `TEXT`")
	f.IntVar(&c.Subset, "subset", 0, "learn from the first `N` pictures of each class only")
	f.IntVar(&c.ValSubset, "val-subset", 0, "test with the first `N` pictures of each class only")
	f.BoolVar(&c.SkipCorrupt, "skip-corrupt", false, "leave pictures out that cannot be read, instead of stopping")
	f.StringVar(&c.Out, "o", "", "write checkpoints, metrics, curves and weights to `DIR`")
	f.IntVar(&c.Epochs, "epochs", 0, "go `N` times through the data (default 30, without -steps)")
	f.IntVar(&c.Steps, "steps", 0, "take `N` steps")
	f.IntVar(&c.Batch, "batch", 128, "`N` images a step")
	f.Uint64Var(&c.Seed, "seed", 0, "`NUMBER` that all random ones depend on")
	f.IntVar(&c.Threads, "threads", 0, "compute with `N` threads (default: all CPUs)")
	f.IntVar(&c.Workers, "workers", 0, "prepare pictures in `N` threads (default: half of the CPUs)")
	f.StringVar(&c.Kernels, "kernels", "", "use the kernels of `LEVEL`: purego, neon, avx2, avx512 (default: the best)")
	f.StringVar(&c.Params, "params", "init", "begin with init, random numbers, or with the weights in `FILE`, safetensors")
	f.Float64Var(&c.LR, "lr", 0.1, "largest learning `RATE`")
	f.StringVar(&c.Schedule, "schedule", "", "change the rate by `KIND`: "+strings.Join(ScheduleKinds(), ", ")+" (default cosine, with -steps constant)")
	f.Float64Var(&c.Gamma, "gamma", 0.1, "`FACTOR` of the schedules step and multi-step")
	f.Float64Var(&c.Every, "every", 0, "length of a step of the schedule step, `N` epochs, or steps with -steps")
	f.StringVar(&c.Milestones, "milestones", "", "where the rate falls in the schedule multi-step: `LIST` of epochs, or steps with -steps (default: half and three quarters of all)")
	f.Float64Var(&c.MinLR, "min-lr", 0, "last `RATE` of the schedule cosine")
	f.Float64Var(&c.Warmup, "warmup", 0, "let the rate rise over the first `N` epochs, or steps with -steps")
	f.Float64Var(&c.WarmupFrom, "warmup-from", 0.1, "`FACTOR` of the rate with which a warm-up begins")
	f.StringVar(&c.Augment, "augment", "auto", "change pictures by `HOW`: cifar (pad 4, crop, flip), imagenet (random resized crop, flip), none, a list such as pad=2,flip; auto for the first where pictures have the network's size, else the second, and for MNIST's pad=4")
	f.StringVar(&c.Jitter, "jitter", "", "change brightness, contrast, saturation and hue by up to `B,C,S,H`")
	f.Float64Var(&c.EMA, "ema", 0, "average the weights with `DECAY`, for instance 0.999, and test the average")
	f.IntVar(&c.EMAEvery, "ema-every", 1, "average every `N` steps")
	f.IntVar(&c.Patience, "patience", 0, "stop after `N` tests without a better accuracy")
	f.IntVar(&c.EvalEvery, "eval-every", 1, "test every `N` epochs")
	f.IntVar(&c.SaveSteps, "save-steps", 0, "write a checkpoint every `N` steps (default: after each epoch)")
	f.IntVar(&c.Keep, "keep-checkpoints", 3, "keep the last `N` checkpoints, beside the best")
	f.StringVar(&c.Resume, "resume", "auto", "go on from `STEP`, a file step-N.json of the run, last, or auto: from the last one if there is one")
	f.BoolVar(&c.Change, "change", false, "go on with another recipe or other test data than the checkpoint's")
	return f
}

// Check finds what is wrong with the flags' values before anything is read.
func (c *TrainCommand) Check() error {
	switch {
	case c.Data == "":
		return fmt.Errorf("nothing to learn from: name a folder or zip file with -data")
	case c.Out == "":
		return fmt.Errorf("no folder for the run: name one with -o")
	case c.Data == "formula" && c.Steps == 0:
		return fmt.Errorf("-data formula has no end: say how many steps to take with -steps")
	case c.Salt != "" && c.Data != "formula":
		return fmt.Errorf("-salt varies -data formula, which is not given")
	case c.Data == "formula" && (c.Subset > 0 || c.Val != "" && c.Val != "none"):
		return fmt.Errorf("-data formula goes without -subset and -val")
	case c.Epochs < 0 || c.Steps < 0 || c.Epochs > 0 && c.Steps > 0:
		return fmt.Errorf("-epochs %d and -steps %d: want one of them above 0", c.Epochs, c.Steps)
	case c.Batch < 1:
		return fmt.Errorf("-batch %d: want at least 1", c.Batch)
	case c.Schedule == "step" && !(c.Every > 0):
		return fmt.Errorf("-schedule step: say with -every after how many epochs, or steps with -steps, the rate falls")
	case c.Schedule == "one-cycle" && c.Warmup > 0:
		return fmt.Errorf("-warmup %v: -schedule one-cycle rises by itself, leave it out", c.Warmup)
	case !(c.EMA >= 0 && c.EMA < 1):
		return fmt.Errorf("-ema %v: want 0 (none) or a decay below 1, such as 0.999", c.EMA)
	case c.EvalEvery < 1 || c.EMAEvery < 1 || c.Keep < 1:
		return fmt.Errorf("-eval-every %d, -ema-every %d, -keep-checkpoints %d: want at least 1", c.EvalEvery, c.EMAEvery, c.Keep)
	case c.SaveSteps < 0 || c.Patience < 0:
		return fmt.Errorf("-save-steps %d, -patience %d: want 0 (none) or more", c.SaveSteps, c.Patience)
	case c.Threads < 0 || c.Workers < 0 || c.Subset < 0 || c.ValSubset < 0:
		return fmt.Errorf("-threads, -workers, -subset and -val-subset want a number above 0")
	}
	if _, err := c.augment([3]int{3, 32, 32}, [3]int{3, 32, 32}); err != nil {
		return err
	}
	s, err := c.schedule(1000) // there are as many steps as it takes
	if err != nil {
		return err
	}
	return s.check()
}

// schedule gives the rates of a training in which an epoch has so many steps.
func (c *TrainCommand) schedule(perEpoch int) (s Schedule, err error) {
	unit, total := float64(perEpoch), c.epochs()*perEpoch
	s = Schedule{Kind: c.Schedule, LR: c.LR, Min: c.MinLR, WarmupFrom: c.WarmupFrom}
	if c.Steps > 0 {
		unit, total = 1, c.Steps
	}
	switch {
	case s.Kind == "" && c.Steps > 0:
		s.Kind = "constant"
	case s.Kind == "":
		s.Kind = "cosine"
	}
	if s.Warmup = int(c.Warmup * unit); s.Warmup == 0 {
		s.WarmupFrom = 0
	}
	switch s.Kind {
	case "step":
		s.Gamma, s.Every = c.Gamma, int(c.Every*unit)
	case "multi-step":
		s.Gamma, s.Milestones = c.Gamma, []int{total / 2, total * 3 / 4}
		if c.Milestones != "" {
			list, err := floats("milestones", c.Milestones)
			if err != nil {
				return s, err
			}
			if !slices.IsSorted(list) {
				return s, fmt.Errorf("-milestones %s: want them in order", c.Milestones)
			}
			s.Milestones = nil
			for _, m := range list {
				s.Milestones = append(s.Milestones, int(m*unit))
			}
		}
	case "cosine", "one-cycle":
		s.Total = total
	}
	return s, nil
}

// epochs is how often to go through the data; 0 if steps are counted.
func (c *TrainCommand) epochs() int {
	if c.Epochs == 0 && c.Steps == 0 {
		return 30
	}
	return c.Epochs
}

// augment says how pictures of one shape are changed for a network of another.
func (c *TrainCommand) augment(pictures, network [3]int) (a Augment, err error) {
	switch {
	case c.Augment == "auto" && pictures[0] == 1:
		a.Pad = CIFARAugment().Pad // a mirrored digit is none
	case c.Augment == "cifar", c.Augment == "auto" && pictures == network:
		a = CIFARAugment()
	case c.Augment == "imagenet", c.Augment == "auto":
		a = ImageNetAugment()
	case c.Augment == "none" || c.Augment == "":
	default:
		for part := range strings.SplitSeq(c.Augment, ",") {
			pad, ok := strings.CutPrefix(part, "pad=")
			n, perr := strconv.Atoi(pad)
			switch {
			case part == "flip":
				a.Flip = true
			case ok && perr == nil && n >= 0:
				a.Pad = n
			default:
				return a, fmt.Errorf("-augment %q: want auto, cifar, imagenet, none, or a list of pad=N and flip", c.Augment)
			}
		}
	}
	if c.Jitter != "" {
		list, err := floats("jitter", c.Jitter)
		if err != nil || len(list) != 4 {
			return a, fmt.Errorf("-jitter %q: want four numbers, for instance 0.4,0.4,0.4,0.1", c.Jitter)
		}
		a.Jitter = ColorJitter{list[0], list[1], list[2], list[3]}
	}
	return a, a.check()
}

func floats(name, text string) (list []float64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !finite(v) || v < 0 {
			return nil, fmt.Errorf("-%s %q: %q is not a fitting number", name, text, part)
		}
		list = append(list, v)
	}
	return list, nil
}
