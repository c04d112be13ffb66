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
	Count  int       // Repeat: how many timed runs
	Name   string    // Set: the parameter whose elements are in Images
	Labels []int32   // Step: a class for each of Images
	Rate   float32   // Step: the learning rate
}

// Op is what is asked for.
type Op string

// The operations.
const (
	Describe Op = "describe"
	Run      Op = "run"      // the logits of Images
	Embed    Op = "embed"    // the features of Images
	Repeat   Op = "repeat"   // the last Run again, once without and Count times with a clock
	Profile  Op = "profile"  // times of the layers in all repeats since the last Run
	Measure  Op = "measure"  // what the machine can do at best
	Classify Op = "classify" // the predictions for a picture
	Cost     Op = "cost"     // what the process has cost so far
)

// The operations of trainers, which answer Describe, Repeat, with steps in place
// of runs, Profile, Measure and Cost too.
const (
	Set  Op = "set"  // give a parameter a value
	Step Op = "step" // one step of training; the loss before it
)

// Response answers a request; what is not asked for is zero.
type Response struct {
	Error       string
	Network     Network
	Values      []float32     // Run, Embed
	Elapsed     time.Duration // of the run alone
	Preprocess  time.Duration // Classify, if it is timed
	Predictions []Prediction
	Times       []time.Duration // Repeat
	Layers      []Layer
	Machine     Machine
	Costs       Costs
	Loss        float32 // Step
}

// StartedEnv is the variable that holds when the program was started, in
// nanoseconds since 1970.
const StartedEnv = "RESNETC_STARTED_NS"

// Costs are what a process costs besides the time of its runs; what is not known is zero.
type Costs struct {
	Startup   time.Duration // from its start until the model was there
	First     time.Duration // the first Run, with the making of its workspace
	PeakRSS   int64         // bytes: the most memory that it has held
	Workspace int           // bytes of the workspace
}

// Machine is what this machine can do at best, with the threads of a run.
type Machine struct {
	Peak      float64 // multiply-adds in vector registers, GFLOP/s; 0 if unknown
	Bandwidth float64 // reads of more memory than the caches hold, GB/s
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
	Go         string        // the version that built the program
}

// Prediction is one class of a picture.
type Prediction struct {
	Class       int     `json:"class"`
	Label       string  `json:"label,omitempty"`
	Probability float32 `json:"probability"`
}

// Layer is one layer's part of the timed runs.
type Layer struct {
	Name  string
	Op    string
	Times []time.Duration // of each run
	// Of one run; of trainers only.
	MACs, Bytes int
}
