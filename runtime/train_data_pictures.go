package runtime

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// PictureOptions say what to do about files that cannot be read as pictures.
type PictureOptions struct {
	// SkipCorrupt leaves out pictures whose header is damaged.  One whose damage
	// shows later is left out of a test, and in training the next one takes its
	// place.  Without it both are errors.
	SkipCorrupt bool
	// Warn is told, once, of each picture that is skipped; nil for nobody.
	Warn func(error)
}

// pictures is a list of files with pictures, which are decoded when needed.
type pictures struct {
	tree *dataTree
	list []picture
	o    PictureOptions

	mu     sync.Mutex
	warned map[string]bool
}

type picture struct {
	path  string
	size  image.Point
	bytes int64  // of the file
	hash  uint64 // of its first hashedBytes
}

// hashedBytes is how much of a picture's file its dataset's hash takes: all of
// small ones, and of large ones, with the size, enough to tell them apart, as
// ImageNet's 140 GB should not be read at the start of every run.  A folder and
// an archive of it have the same hash.
const hashedBytes = 16 << 10

var pictureTypes = []string{".jpg", ".jpeg", ".png", ".gif"}

// openPictures reads the folders of classes below root, in order of their
// names, and the pictures in them, in order of theirs; other files are left.
func openPictures(t *dataTree, root string, o PictureOptions) (*Dataset, error) {
	d := &Dataset{name: path.Join(t.name, root), shape: [3]int{3, 0, 0}}
	p := &pictures{tree: t, o: o, warned: map[string]bool{}}
	folders, err := fs.ReadDir(t.fsys, root)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", t.name, err)
	}
	for _, f := range folders {
		dir := path.Join(root, f.Name())
		if info, err := fs.Stat(t.fsys, dir); err != nil || !info.IsDir() || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		before := len(p.list)
		if err := p.addFolder(d, dir); err != nil {
			return nil, err
		}
		if len(p.list) == before {
			return nil, t.errorf(dir, "no pictures (%s) in this folder: remove it if it is not a class", strings.Join(pictureTypes, ", "))
		}
		d.classes = append(d.classes, f.Name())
	}
	if len(p.list) == 0 {
		return nil, t.errorf(root, "no folders with pictures, want one for each class")
	}
	d.pictures, d.count = p, len(d.classes)
	if p.mixed() == nil {
		d.shape = [3]int{3, p.list[0].size.Y, p.list[0].size.X}
	}
	return newDataset(d)
}

func (p *pictures) addFolder(d *Dataset, dir string) error {
	return fs.WalkDir(p.tree.fsys, dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return p.tree.errorf(name, "%w", err)
		}
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || !slices.Contains(pictureTypes, strings.ToLower(path.Ext(name))) {
			return nil
		}
		one, err := p.header(name)
		if err != nil {
			return p.corrupt(name, err)
		}
		p.list = append(p.list, one)
		d.labels = append(d.labels, int32(len(d.classes)))
		return nil
	})
}

// header reads the size of a picture, and what identifies it.
func (p *pictures) header(name string) (picture, error) {
	f, err := p.tree.fsys.Open(name)
	if err != nil {
		return picture{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return picture{}, err
	}
	first, err := io.ReadAll(io.LimitReader(f, hashedBytes))
	if err != nil {
		return picture{}, fmt.Errorf("damaged file: %w", err)
	}
	config, _, err := image.DecodeConfig(io.MultiReader(bytes.NewReader(first), f))
	if err != nil {
		return picture{}, fmt.Errorf("damaged picture: %w", err)
	}
	if config.Width <= 0 || config.Height <= 0 || int64(config.Width)*int64(config.Height) > maxImagePixels {
		return picture{}, fmt.Errorf("a picture of %d×%d pixels", config.Width, config.Height)
	}
	return picture{name, image.Pt(config.Width, config.Height), info.Size(), WeightHash(first)}, nil
}

// corrupt is the error about a picture, or nil after a warning if it is to be skipped.
func (p *pictures) corrupt(name string, err error) error {
	err = p.tree.errorf(name, "%w", err)
	if !p.o.SkipCorrupt {
		return fmt.Errorf("%w: replace or remove it, or skip such pictures (-skip-corrupt)", err)
	}
	p.mu.Lock()
	known := p.warned[name]
	p.warned[name] = true
	p.mu.Unlock()
	if p.o.Warn != nil && !known {
		p.o.Warn(err)
	}
	return nil
}

// mixed names two pictures of different sizes; nil if all are alike.
func (p *pictures) mixed() error {
	for _, q := range p.list {
		if first := p.list[0]; q.size != first.size {
			return fmt.Errorf("pictures of mixed sizes, such as %s (%d×%d) and %s (%d×%d)",
				first.path, first.size.X, first.size.Y, q.path, q.size.X, q.size.Y)
		}
	}
	return nil
}

// hash goes on with what identifies the pictures without reading them all.
func (p *pictures) hash(h uint64) uint64 {
	for _, q := range p.list {
		// The folder of the class and the file: where the tree lies does not matter.
		name := path.Join(path.Base(path.Dir(q.path)), path.Base(q.path))
		h = hashInts(h, int(WeightHash([]byte(name))), q.size.X, q.size.Y, int(q.bytes), int(q.hash))
	}
	return h
}

func (p *pictures) subset(which []int) *pictures {
	s := &pictures{tree: p.tree, o: p.o, warned: map[string]bool{}}
	for _, i := range which {
		s.list = append(s.list, p.list[i])
	}
	return s
}

// decode gives picture i, or with SkipCorrupt the next sound one, and its index.
func (p *pictures) decode(i int) (image.Image, int, error) {
	for n := range len(p.list) {
		at := (i + n) % len(p.list)
		m, err := p.decodeFile(p.list[at].path)
		if err == nil {
			return m, at, nil
		}
		if err := p.corrupt(p.list[at].path, err); err != nil {
			return nil, at, err
		}
	}
	return nil, i, errors.New("none of the pictures can be decoded")
}

// decodeOnly gives picture i, or with SkipCorrupt errSkipped.
func (p *pictures) decodeOnly(i int) (image.Image, error) {
	m, err := p.decodeFile(p.list[i].path)
	if err == nil {
		return m, nil
	}
	return nil, cmp.Or(p.corrupt(p.list[i].path, err), errSkipped)
}

// errSkipped says that there is nothing to see of a picture.
var errSkipped = errors.New("skipped")

func (p *pictures) decodeFile(name string) (image.Image, error) {
	f, err := p.tree.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return DecodeImage(f)
}
