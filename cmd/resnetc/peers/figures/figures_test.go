package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

const fakeEnv = "RESNETC_TEST_FAKE_BENCH"

// TestMain lets the test binary play resnetc, so that no time is spent on measuring.
func TestMain(m *testing.M) {
	if os.Getenv(fakeEnv) != "" {
		if err := fakeBench(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// fakeBench writes the figures that resnetc bench would, of two engines.
func fakeBench(args []string) error {
	if args[1] == "resnet34" {
		return fmt.Errorf("no memory")
	}
	if args[0] == "tune" {
		return os.WriteFile(args[slices.Index(args, "-o")+1], []byte("network: "+args[1]+"\n"), 0o666)
	}
	option := func(name string) string { return args[slices.Index(args, name)+1] }
	timing := func(engine string, min time.Duration) measure.Timing {
		return measure.Timing{
			Engine: engine, Version: "1.2", Min: min, Median: 2 * min, Times: measure.Times{min, 3 * min},
			Stats: measure.Stats{Startup: 3e6, First: 4e6, PeakRSS: 5e6, Variant: "eager"},
		}
	}
	var results []measure.Result
	for threads := 1; threads <= 2; threads++ {
		r := measure.Result{Network: args[1], Input: "3×4×4", Config: measure.Config{Batch: 1, Threads: threads}}
		r.Memory = measure.Memory{Weights: 1e6, Workspace: 2e6, Arena: 105, LiveSet: 100}
		if slices.Contains(args, "train") {
			r.Mode = measure.Train
		}
		if _, err := fmt.Sscan(option("-batch"), &r.Batch); err != nil {
			return err
		}
		r.Engines = []measure.Timing{timing("resnetc", time.Duration(1234567/threads))}
		if option("-vs") == "untuned" {
			if _, err := os.Stat(option("-tune")); err != nil {
				return err
			}
			t := timing("untuned", 2e6)
			t.Own = true
			r.Engines = append(r.Engines, t)
			results = append(results, r)
			continue
		}
		for _, own := range []string{"f16", "fast"} {
			if strings.HasPrefix(option("-vs"), own) {
				t := timing(own, 1e6)
				t.Own = true
				r.Engines = append(r.Engines, t)
			}
		}
		r.Engines = append(r.Engines, timing("pytorch", 2e6), timing("openvino", 4e6))
		results = append(results, r)
	}
	data, err := json.Marshal(results)
	if err != nil {
		return err
	}
	return os.WriteFile(option("-json"), data, 0o666)
}

const page = "# Title\n\n<!-- figures: %s -->\nold\n<!-- end -->\n\nafter\n"

// root is a repository with a page for the tables.
func root(t *testing.T, tables ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range pages {
		path := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, name := range tables {
			text += fmt.Sprintf(page, name)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFigures(t *testing.T) {
	t.Setenv(fakeEnv, "1")
	dir, repository := filepath.Join(t.TempDir(), "new"), root(t, "versions", "inference", "costs", "training", "tuned", "summary")
	args := []string{"-o", dir, "-root", repository, "-resnetc", os.Args[0]}
	var out, log strings.Builder
	err := run(t.Context(), args, &out, &log)
	if err == nil || strings.Count(err.Error(), "resnet34-b") != 2 || !strings.Contains(log.String(), "no memory") {
		t.Fatalf("error %v, want those of resnet34 only\n%s", err, log.String())
	}
	// What has failed is all that is left.
	out.Reset()
	if err := run(t.Context(), append(args, "-dry-run"), &out, &log); err != nil {
		t.Fatal(err)
	}
	if want := "resnetc bench resnet34 -vs peers -batch 8 -threads 1,2 -count 9 -time 10s -json "; strings.Count(out.String(), "\n") != 2 || !strings.Contains(out.String(), want) {
		t.Errorf("left to do:\n%swant two lines, one with %q", out.String(), want)
	}
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Title\n\n<!-- figures: versions -->\nPyTorch 1.2, OpenVINO 1.2.\n<!-- end -->\n\nafter\n",
		"| network | batch | threads | resnetc | resnetc, f16 | PyTorch | OpenVINO | resnetc / fastest other |\n|---|---|---|---|---|---|---|---|\n" +
			"| resnet18 | 1 | 1 | 1.23 (2.47) | 1.00 (2.00) | 2.00 (4.00) | 4.00 (8.00) | 0.62 (0.62) |\n" +
			"| resnet18 | 1 | 2 | 0.617 (1.23) | ",
		"| resnet20_cifar | 1 | 1 | 1.23 (2.47) |  | 2.00 (4.00) | ",
		"| resnet50 | 7 ms, 5 MB | 7 ms, 5 MB | 7 ms, 5 MB | 7 ms, 5 MB | 3.0 MB | 1.05 |",
		"| resnet50 | 3×4×4 | 16 | 2 | 0.617 (1.23) | 1.00 (2.00) | 2.00 (4.00) | eager | 0.31 (0.31) | 0.50 (0.50) | 5 | 5 |",
		"| resnet50 | 1 | 2 | 2.00 (4.00) | 0.617 (1.23) | 0.31 (0.31) |",
		"| resnet50, batch 8 | 0.617 |  | 2.00 | 4.00 | 0.31 |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "old") {
		t.Errorf("an old table is left in\n%s", text)
	}
	// A page of its own for another CPU leaves the others as they are.
	other := root(t, "tuned")
	if err := os.WriteFile(filepath.Join(other, "other.md"), fmt.Appendf(nil, page, "versions"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-o", dir, "-root", other, "-render", "-page", "other.md"}, &out, &log); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"other.md": "PyTorch 1.2, OpenVINO 1.2.\n", "README.md": "old\n"} {
		if text, err := os.ReadFile(filepath.Join(other, file)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: error %v, want %q in\n%s", file, err, want, text)
		}
	}
}

func TestBadPages(t *testing.T) {
	for text, want := range map[string]string{
		fmt.Sprintf(page, "speed"):          `"speed" after "<!-- figures: " is no table, want one of costs, `,
		"<!-- figures: costs -->\nno end\n": `no line "<!-- end -->" after "costs"`,
		"<!-- figures: costs":               "is no table",
	} {
		if _, err := fill(text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func TestBadFiles(t *testing.T) {
	for text, want := range map[string]string{"{": "not what resnetc bench -json writes", "[{}]": "holds no times", "": "holds no measurements"} {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(plan[0].file(dir), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := run(t.Context(), []string{"-o", dir, "-render"}, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

// sampleJob is the one whose command the page shows.
var sampleJob = plan[slices.IndexFunc(plan, func(j job) bool { return j.name() == "resnet50-b1" })]

// TestPages wants the pages of the repository to be such that can be filled.
func TestPages(t *testing.T) {
	for _, p := range append(slices.Clone(pages), "cmd/resnetc/BENCHMARKS-AVX2.md") {
		text, err := os.ReadFile(filepath.Join("../../../..", filepath.FromSlash(p)))
		if err != nil {
			t.Fatal(err)
		}
		filled, err := fill(string(text), nil)
		if err != nil || filled == string(text) {
			t.Errorf("%s: error %v, or no tables", p, err)
		}
		if sample := "    resnetc " + strings.Join(sampleJob.commands("figures", false)[0], " ") + "\n"; p == pages[0] && !strings.Contains(string(text), sample) {
			t.Errorf("%s: the command that it shows is not that of the plan, %q", p, sample)
		}
	}
}
