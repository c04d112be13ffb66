package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/resnetc/resnetc/runtime"
)

// score is what eval counts.
type score struct {
	Network  string  `json:"network"`
	Params   string  `json:"parameters"`
	Kernels  string  `json:"kernels"`
	Pictures int     `json:"pictures"`
	Classes  int     `json:"classes"`
	Top1     float64 `json:"top1"`
	Top5     float64 `json:"top5,omitempty"` // of more than 10 classes
	Loss     float64 `json:"cross_entropy"`

	PerClass []classScore `json:"per_class"`

	top1, top5 int
	loss       float64
}

// classScore is of the pictures of one class.
type classScore struct {
	Class    int    `json:"class"`
	Label    string `json:"label,omitempty"`
	Pictures int    `json:"pictures"`
	Right    int    `json:"right"`
	// Taken says how often pictures of the class were taken for each class.
	Taken []int `json:"taken_for"`
}

// newScore begins to count; names may be nil.
func newScore(network, params, kernels string, classes int, names []string) *score {
	s := &score{Network: network, Params: params, Kernels: kernels, Classes: classes, PerClass: make([]classScore, classes)}
	for i := range s.PerClass {
		s.PerClass[i] = classScore{Class: i, Taken: make([]int, classes)}
		if i < len(names) {
			s.PerClass[i].Label = names[i]
		}
	}
	return s
}

// add counts a picture; of equal logits the first one is the larger.
func (s *score) add(logits []float32, label int) {
	rank, best := 0, 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
		if v > logits[label] || v == logits[label] && i < label {
			rank++
		}
	}
	c := &s.PerClass[label]
	c.Pictures++
	c.Taken[best]++
	if rank == 0 {
		c.Right++
		s.top1++
	}
	if rank < 5 {
		s.top5++
	}
	s.Pictures++
	s.loss += runtime.CrossEntropy(logits, label)
	n := float64(s.Pictures)
	s.Top1, s.Loss = float64(s.top1)/n, s.loss/n
	if s.Classes > 10 {
		s.Top5 = float64(s.top5) / n
	}
}

func (s *score) write(w io.Writer, confusion bool) error {
	fmt.Fprintf(w, "%s, parameters: %s, %s kernels\n%d pictures of %d classes\ntop-1          %.2f %%\n", s.Network, s.Params, s.Kernels, s.Pictures, s.Classes, 100*s.Top1)
	if s.Classes > 10 {
		fmt.Fprintf(w, "top-5          %.2f %%\n", 100*s.Top5)
	}
	fmt.Fprintf(w, "cross-entropy  %.4f\n\n", s.Loss)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CLASS\tPICTURES\tRIGHT\tTAKEN MOST OFTEN FOR")
	for i := range s.PerClass {
		c := &s.PerClass[i]
		if c.Pictures == 0 {
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%.1f %%\t%s\n", s.name(i), c.Pictures, 100*float64(c.Right)/float64(c.Pictures), s.mistake(i))
	}
	if err := t.Flush(); err != nil || !confusion {
		return err
	}
	return s.writeConfusion(w)
}

// name is what a class is called.
func (s *score) name(class int) string {
	return cmp.Or(s.PerClass[class].Label, strconv.Itoa(class))
}

// mistake is what a class is taken for most often, but itself.
func (s *score) mistake(class int) string {
	c := &s.PerClass[class]
	worst := -1
	for i, n := range c.Taken {
		if i != class && n > 0 && (worst < 0 || n > c.Taken[worst]) {
			worst = i
		}
	}
	if worst < 0 {
		return ""
	}
	return fmt.Sprintf("%s (%d)", s.name(worst), c.Taken[worst])
}

// writeConfusion prints a row for each class and a column for what it was taken for.
func (s *score) writeConfusion(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\n\t")
	for i := range s.PerClass {
		fmt.Fprintf(t, "%s\t", s.name(i))
	}
	fmt.Fprintln(t)
	for i := range s.PerClass {
		fmt.Fprintf(t, "%s\t", s.name(i))
		for _, n := range s.PerClass[i].Taken {
			fmt.Fprintf(t, "%d\t", n)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
