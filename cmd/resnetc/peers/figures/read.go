package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

// read gives what the plan's files hold, in its order, and for each network by
// batch and number of threads.  Files that are not there are left out.
func read(dir string) ([]measure.Result, error) {
	var all []measure.Result
	for _, j := range plan {
		data, err := os.ReadFile(j.file(dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		var results []measure.Result
		if err := json.Unmarshal(data, &results); err != nil {
			return nil, fmt.Errorf("%s: not what resnetc bench -json writes: %w: remove it to measure again", j.file(dir), err)
		}
		for _, r := range results {
			if len(r.Engines) == 0 || len(r.Engines[0].Times) == 0 {
				return nil, fmt.Errorf("%s: holds no times: remove it to measure again", j.file(dir))
			}
		}
		all = append(all, results...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no measurements", dir)
	}
	order := func(network string) int {
		return slices.IndexFunc(plan, func(j job) bool { return j.model == network })
	}
	slices.SortStableFunc(all, func(a, b measure.Result) int {
		return cmp.Or(order(a.Network)-order(b.Network), a.Batch-b.Batch, a.Threads-b.Threads)
	})
	return all, nil
}

// where gives the results for which keep says yes.
func where(results []measure.Result, keep func(measure.Result) bool) (kept []measure.Result) {
	for _, r := range results {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// peers lists the engines of all results but the generated package, in the
// order of their first appearance.
func peers(results []measure.Result) (names []string) {
	for _, r := range results {
		for _, e := range r.Engines[1:] {
			if !slices.Contains(names, e.Engine) {
				names = append(names, e.Engine)
			}
		}
	}
	return names
}

// engine finds an engine's timing; nil if it was not there.
func engine(r measure.Result, name string) *measure.Timing {
	i := slices.IndexFunc(r.Engines, func(t measure.Timing) bool { return t.Engine == name })
	if i < 0 {
		return nil
	}
	return &r.Engines[i]
}
