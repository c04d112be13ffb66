package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A checkpoint of step N is three files:
//
//	step-N.safetensors        weights and batch-norm statistics, by PyTorch's names
//	step-N.state.safetensors  optimizer.NAME, and average.NAME for the weights' averages
//	step-N.json               a [TrainState]
//
// Each is written under another name, synced, and renamed; the last one holds
// the sizes and checksums of the others, and only with it there is a checkpoint.
// So whatever happens while one is written, those before it stay as they are.
const (
	checkpointFormat = 2 // 1 knew nothing of the network but its tensors, nor of test data
	optimizerPrefix  = "optimizer."
	averagePrefix    = "average."
)

// TrainState is what a checkpoint holds beside tensors.
type TrainState struct {
	Format    int                `json:"format"`
	Step      int                `json:"step"` // steps done
	Epoch     int                `json:"epoch"`
	Recipe    Recipe             `json:"recipe"`
	Network   NetworkFingerprint `json:"network"`
	Data      DataFingerprint    `json:"data"`
	Test      *DataFingerprint   `json:"test,omitempty"` // nil for none
	Best      *BestEvaluation    `json:"best,omitempty"`
	Evaluated int                `json:"evaluated"` // the step of the last evaluation
	Stale     int                `json:"stale"`     // evaluations since the best one
	Files     []FileSum          `json:"files"`
}

// Recipe is everything that decides about the next step's bits beside tensors
// and data.
type Recipe struct {
	Seed       uint64     `json:"seed"`
	Batch      int        `json:"batch"`
	Augment    Augment    `json:"augment"`
	Mean       [3]float32 `json:"mean"`
	Std        [3]float32 `json:"std"`
	Schedule   Schedule   `json:"schedule"`
	EMA        float64    `json:"ema,omitempty"`
	EMAEvery   int        `json:"ema_every,omitempty"`
	Optimizer  string     `json:"optimizer,omitempty"`
	Preprocess [2]int     `json:"preprocess"` // of test pictures: resize and crop
}

// BestEvaluation is the best result on the test data so far.
type BestEvaluation struct {
	Step     int     `json:"step"`
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
}

// FileSum is the size and the checksum (CRC-64, ECMA) of a file.
type FileSum struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Sum   string `json:"sum"`
}

// checkpoints is a folder of them.
type checkpoints struct {
	dir string
	// create makes a temporary file; tests let it fail.
	create func(dir, pattern string) (syncedFile, error)
}

// syncedFile is what writing needs of an *os.File.
type syncedFile interface {
	io.WriteCloser
	Name() string
	Sync() error
}

func newCheckpoints(dir string) *checkpoints {
	return &checkpoints{dir, func(dir, pattern string) (syncedFile, error) { return os.CreateTemp(dir, pattern) }}
}

func checkpointName(step int) string { return fmt.Sprintf("step-%08d", step) }

// temporary begins the names of files that are not complete.
const temporary = ".incomplete-"

// save writes a checkpoint, and returns the path of its state file.
func (c *checkpoints) save(state TrainState, weights, rest []Tensor) (string, error) {
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return "", err
	}
	name := checkpointName(state.Step)
	state.Format, state.Files = checkpointFormat, nil
	for _, f := range []struct {
		name    string
		tensors []Tensor
	}{{name + ".safetensors", weights}, {name + ".state.safetensors", rest}} {
		sum, err := c.writeFile(f.name, func(w io.Writer) error { return writeTensors(w, f.tensors) })
		if err != nil {
			return "", err
		}
		state.Files = append(state.Files, sum)
	}
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return "", err
	}
	_, err = c.writeFile(name+".json", func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
	return filepath.Join(c.dir, name+".json"), err
}

// writeFile makes a file that appears complete or not at all.
func (c *checkpoints) writeFile(name string, write func(io.Writer) error) (FileSum, error) {
	fail := func(err error) (FileSum, error) {
		return FileSum{}, fmt.Errorf("%s: %w", filepath.Join(c.dir, name), err)
	}
	f, err := c.create(c.dir, temporary+name+"-*")
	if err != nil {
		return fail(err)
	}
	h := crc64.New(checkpointTable)
	counter := &countingWriter{w: io.MultiWriter(f, h)}
	err = write(counter)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644) // CreateTemp's files are private
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(c.dir, name))
	}
	if err != nil {
		os.Remove(f.Name()) // the first error is the one to report
		return fail(err)
	}
	syncFolder(c.dir)
	return FileSum{name, counter.n, fmt.Sprintf("%016x", h.Sum64())}, nil
}

// syncFolder makes renames last through a power failure, where folders can be synced.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		f.Sync() // not every system can; the files themselves are safe
		f.Close()
	}
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// list gives the steps of the checkpoints that are there, in order.
func (c *checkpoints) list() ([]int, error) {
	entries, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var steps []int
	for _, e := range entries {
		var step int
		if _, serr := fmt.Sscanf(e.Name(), "step-%d.json", &step); serr == nil && e.Name() == checkpointName(step)+".json" {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, err
}

// load reads the checkpoint of a step and checks that it is whole.
func (c *checkpoints) load(step int) (state TrainState, weights, rest []Tensor, err error) {
	path := filepath.Join(c.dir, checkpointName(step)+".json")
	defer func() {
		if err != nil {
			err = fmt.Errorf("checkpoint %s: %w", path, err)
		}
	}()
	text, err := os.ReadFile(path)
	if err != nil {
		return state, nil, nil, err
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return state, nil, nil, fmt.Errorf("damaged: %w", err)
	}
	if state.Format > 0 && state.Format < checkpointFormat {
		return state, nil, nil, fmt.Errorf("an earlier version of resnetc wrote it, in format %d, which does not tell what network and what pictures it is of: go on with that version, or begin a new run, in another folder, with its weights (-params %s)",
			state.Format, strings.TrimSuffix(path, ".json")+".safetensors")
	}
	if state.Format != checkpointFormat || len(state.Files) != 2 || state.Step != step {
		return state, nil, nil, fmt.Errorf("format %d with %d files for step %d, want format %d with 2 for step %d",
			state.Format, len(state.Files), state.Step, checkpointFormat, step)
	}
	var lists [2][]Tensor
	for i, f := range state.Files {
		b, err := os.ReadFile(filepath.Join(c.dir, filepath.Base(f.Name)))
		if err != nil {
			return state, nil, nil, err
		}
		if sum := fmt.Sprintf("%016x", crc64.Checksum(b, checkpointTable)); int64(len(b)) != f.Bytes || sum != f.Sum {
			return state, nil, nil, fmt.Errorf("%s is damaged: %d bytes with checksum %s, want %d with %s", f.Name, len(b), sum, f.Bytes, f.Sum)
		}
		if lists[i], err = readTensors(b); err != nil {
			return state, nil, nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return state, lists[0], lists[1], nil
}

// prune removes all but the last keep checkpoints up to a step, and the best:
// those beyond it are of a past that the run has gone back behind.  It also
// removes what was left incomplete.
func (c *checkpoints) prune(step, keep, best int) error {
	steps, err := c.list()
	if err != nil {
		return err
	}
	end, _ := slices.BinarySearch(steps, step+1)
	for i, s := range steps {
		if i < end && (i >= end-max(keep, 1) || s == best) {
			continue
		}
		name := filepath.Join(c.dir, checkpointName(s))
		// The state file goes first: without it the others are no checkpoint.
		for _, suffix := range []string{".json", ".state.safetensors", ".safetensors"} {
			if err := os.Remove(name + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return c.sweep(steps)
}

// sweep removes what a killed process left: incomplete files, and tensors
// without a state file.
func (c *checkpoints) sweep(steps []int) error {
	entries, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		var step int
		_, serr := fmt.Sscanf(e.Name(), "step-%d", &step)
		orphan := serr == nil && strings.HasSuffix(e.Name(), ".safetensors") && !slices.Contains(steps, step)
		if orphan || strings.HasPrefix(e.Name(), temporary) {
			err = errors.Join(err, os.Remove(filepath.Join(c.dir, e.Name())))
		}
	}
	return err
}

// whole gives the steps of the checkpoints that can be read, but one.
func (c *checkpoints) whole(but int) []int {
	steps, err := c.list()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(steps, func(step int) bool {
		if step == but {
			return true
		}
		_, _, _, err := c.load(step)
		return err != nil
	})
}
