package accuracy

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/resnetc/resnetc/runtime"
)

// answer is what PyTorch says about the pictures with one network and one
// way of preprocessing.
type answer struct {
	Correct int   `json:"top1_correct"`
	Top1    []int `json:"top1"`
}

// TestImageNet classifies ImageNet validation pictures with trained weights.
// The number of right answers must be PyTorch's, give or take one picture: the
// decoders of JPEG files differ in the last bit of a pixel.  With half-precision
// weights it is the same number.
func TestImageNet(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	dir := sharedPath(t, "data", "imagenet-val")
	pictures, classes := readLabels(t, dir)
	answers := map[string]answer{}
	text, err := os.ReadFile(filepath.Join(dir, "pytorch.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"resnet18", "resnet50"} {
		n := newNetwork(t, model)
		n.load(t, sharedPath(t, "data", "weights", model+"-imagenet.safetensors.zip"))
		for _, c := range []struct {
			way  string
			half bool
		}{{"resize256_crop224", false}, {"crop224", false}, {"resize256_crop224", true}} {
			way := c.way
			n.half = c.half
			t.Run(model+"/"+way+weightsName(c.half), func(t *testing.T) {
				want, ok := answers[model+"/"+way]
				if !ok {
					t.Fatalf("pytorch.json has nothing about %s/%s", model, way)
				}
				n.preprocess = preprocessing(n.preprocess, way)
				s := start(t, n.build(t), "")
				correct, same := 0, 0
				for i, path := range pictures {
					best, _, err := s.Classify(path, 1, false)
					if err != nil {
						t.Fatal(err)
					}
					if best[0].Class == classes[i] {
						correct++
					}
					if best[0].Class == want.Top1[i] {
						same++
					}
				}
				t.Logf("%d of %d right, PyTorch %d; the same answer on %d", correct, len(pictures), want.Correct, same)
				if correct < want.Correct-1 || correct > want.Correct+1 {
					t.Errorf("%d pictures are right, want PyTorch's %d, give or take one", correct, want.Correct)
				}
				// A count may be right by chance; the answers themselves may not.
				if same < len(pictures)*98/100 {
					t.Errorf("%d of %d answers are PyTorch's, want 98 %%", same, len(pictures))
				}
			})
		}
	}
}

func preprocessing(p runtime.Preprocess, way string) runtime.Preprocess {
	p.Resize, p.Crop = 256, 224
	if way == "crop224" {
		p.Resize = 0
	}
	return p
}

// readLabels gives the pictures' paths and their classes.
func readLabels(t *testing.T, dir string) (paths []string, classes []int) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		c, err := strconv.Atoi(r[1])
		if err != nil {
			t.Fatal(err)
		}
		paths, classes = append(paths, filepath.Join(dir, r[0])), append(classes, c)
	}
	return paths, classes
}
