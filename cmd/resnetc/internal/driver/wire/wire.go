package wire

import "time"

// Request asks for one thing.
type Request struct {
	Op     Op
	Images []float32 // Run and Embed: row-major N,C,H,W
	Batch  int       // Run: images that the workspace has room for; at least those in Images
	Path   string    // Classify: a picture
	K      int       // Classify: how many predictions
	Timed  bool      // Classify: time both steps, which does them once more
}

// Op is what is asked for.
type Op string

// The operations.
const (
	Describe Op = "describe"
	Run      Op = "run"      // the logits of Images
	Embed    Op = "embed"    // the features of Images
	Repeat   Op = "repeat"   // the last Run again; only its time comes back
	Profile  Op = "profile"  // times of the layers over all repeats since the last Run
	Classify Op = "classify" // the predictions for a picture
)

// Response answers a request; what is not asked for is zero.
type Response struct {
	Error       string
	Network     Network
	Values      []float32     // Run, Embed
	Elapsed     time.Duration // of the run alone
	Preprocess  time.Duration // Classify, if it is timed
	Predictions []Prediction
	Layers      []Layer
	Peak        float64 // Profile: GFLOP/s that the machine reaches at best; 0 if unknown
}

// Network is what Describe tells.
type Network struct {
	Name       string
	Kernels    string
	InputShape [3]int
	Classes    int
	Features   int
	Threads    int
	New        time.Duration // how long New took
}

// Prediction is one class of a picture.
type Prediction struct {
	Class       int     `json:"class"`
	Label       string  `json:"label,omitempty"`
	Probability float32 `json:"probability"`
}

// Layer is one layer's part of several runs; Time and FLOPs are sums over them.
type Layer struct {
	Name  string
	Op    string
	Time  time.Duration
	Runs  int
	FLOPs int
}
