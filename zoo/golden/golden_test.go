package golden

import (
	"strings"
	"testing"
)

// Every file must hold what its fields promise.
func TestLoad(t *testing.T) {
	for _, name := range Names() {
		g, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if g.Model != name || len(g.Input) != 4 || g.Input[0] != g.Batch || g.Parameters <= 0 {
			t.Errorf("%s: model %s, input %v, batch %d, %d parameters", name, g.Model, g.Input, g.Batch, g.Parameters)
		}
		if len(g.Logits) != g.Batch || len(g.FeaturesSum) != g.Batch || len(g.FeaturesFirst8) != g.Batch {
			t.Errorf("%s: results for %d, %d, %d images, want %d", name, len(g.Logits), len(g.FeaturesSum), len(g.FeaturesFirst8), g.Batch)
		}
	}
	for _, name := range TrainingNames() {
		g, err := LoadTraining(name)
		if err != nil {
			t.Fatal(err)
		}
		if g.Model != name || len(g.Input) != 4 || g.Input[0] != g.Batch || g.Classes <= 0 || g.Steps != len(g.Losses) || g.Steps == 0 {
			t.Errorf("%s: model %s, input %v, batch %d, %d classes, %d losses of %d steps", name, g.Model, g.Input, g.Batch, g.Classes, len(g.Losses), g.Steps)
		}
		if len(g.GradientNorms) == 0 || len(g.NormsAfter) <= len(g.GradientNorms) || g.Rate == 0 {
			t.Errorf("%s: %d gradients, %d norms, learning rate %v", name, len(g.GradientNorms), len(g.NormsAfter), g.Rate)
		}
		own, largest, err := LoadSpread(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Spread{own, largest} {
			if len(s.Losses) != g.Steps || s.GradientNorms <= 0 || s.NormsAfter <= 0 || s.Gradients <= 0 {
				t.Errorf("%s: the spread is %+v, want that of %d losses, of gradients and of norms", name, *s, g.Steps)
			}
		}
	}
	if n := len(TrainingNames()); n != 7 {
		t.Errorf("figures for the training of %d models, want 7", n)
	}
	if _, _, err := LoadSpread("resnet19"); err == nil || !strings.Contains(err.Error(), `no spread of "resnet19"`) {
		t.Errorf("error %v, want one that names the model", err)
	}
	if _, err := Load("resnet19"); err == nil || !strings.Contains(err.Error(), `no figures for "resnet19"`) {
		t.Errorf("error %v, want one that names the model", err)
	}
}
