package runtime

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Prediction is one class that a network sees in a picture.
type Prediction struct {
	Class       int     // 0-based index of the logit
	Label       string  // empty if the package has no labels
	Probability float32 // softmax over all classes
	Logit       float32
}

// topK gives the k classes with the largest logits, best first; of equal ones
// the first comes first.  k beyond the number of classes gives all of them.
// NaN and infinite logits are an error, since no order of the classes would
// mean anything.
func topK(logits []float32, labels []string, k int) ([]Prediction, error) {
	if labels != nil && len(labels) != len(logits) {
		return nil, fmt.Errorf("%d labels for %d classes", len(labels), len(logits))
	}
	largest := math.Inf(-1)
	all := make([]Prediction, len(logits))
	for i, l := range logits {
		v := float64(l)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("the logit of class %d is %v: check the image and the weights for values that are not finite or too large", i, l)
		}
		largest = max(largest, v)
		all[i] = Prediction{Class: i, Logit: l}
		if labels != nil {
			all[i].Label = labels[i]
		}
	}
	var sum float64
	for _, l := range logits {
		sum += math.Exp(float64(l) - largest) // at most 1, so it cannot overflow
	}
	slices.SortStableFunc(all, func(a, b Prediction) int { return cmp.Compare(b.Logit, a.Logit) })
	best := all[:min(max(k, 0), len(all))]
	for i := range best {
		best[i].Probability = float32(math.Exp(float64(best[i].Logit)-largest) / sum)
	}
	return slices.Clone(best), nil
}
