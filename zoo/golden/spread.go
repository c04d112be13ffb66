package golden

import (
	"encoding/json"
	"fmt"
)

// Spread is how far PyTorch's own float32 run lies from its float64 figures of
// [Training], relative to these.  Whether the input of a ReLU that is next to
// zero comes out above or below it is decided by rounding, and from there on
// the runs part, the more the deeper the network: no program in float32 can be
// expected to lie closer.
type Spread struct {
	Losses        []float64 `json:"loss_relative_error"` // of each step
	GradientNorms float64   `json:"gradient_norm_relative_error_step0"`
	NormsAfter    float64   `json:"final_norm_relative_error"`
	// Gradients is the distance of a gradient of the first step from the
	// float64 one, relative to the norm of that, of the worst tensor.
	Gradients float64 `json:"gradient_distance_step0"`
}

// FirstLoss is how far a first loss may lie from the figure: nothing has been
// amplified yet.
const FirstLoss = 1e-5

// Tolerance is how far a compiled trainer's other figures may lie from those of
// [Training], where PyTorch's lie that far: five times as far, or 1e-4.
func Tolerance(spread float64) float64 { return max(1e-4, 5*spread) }

// LoadSpread returns the spread of one model's training for the salt of the
// figures here, and the largest over several salts.  Losses and norms of the former
// are those published beside the figures; testdata/spread.py computed the rest.
func LoadSpread(model string) (own, largest *Spread, err error) {
	var published map[string]*Spread
	var salts struct{ Own, Largest map[string]*Spread }
	if err := decode("float32-spread.json", &published); err != nil {
		return nil, nil, err
	}
	if err := decode("float32-spread-salts.json", &salts); err != nil {
		return nil, nil, err
	}
	own, largest = published[model], salts.Largest[model]
	if own == nil || largest == nil {
		return nil, nil, fmt.Errorf("golden: no spread of %q", model)
	}
	own.Gradients = salts.Own[model].Gradients
	return own, largest, nil
}

func decode(file string, into any) error {
	data, err := files.ReadFile("testdata/" + file)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("golden: %s: %w", file, err)
	}
	return nil
}
