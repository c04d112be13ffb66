package runtime

import (
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// dataTree is a folder or a zip archive with data.
type dataTree struct {
	name   string // as the user gave it
	fsys   fs.FS
	closer io.Closer // nil for a folder
}

func openTree(name string) (*dataTree, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("data %s: there is no such folder or zip file", name)
	case err != nil:
		return nil, fmt.Errorf("data: %w", err)
	case info.IsDir():
		return &dataTree{name: name, fsys: os.DirFS(name)}, nil
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("data %s: neither a folder nor a zip file: %w", name, err)
	}
	return &dataTree{name: name, fsys: z, closer: z}, nil
}

func (t *dataTree) close() error {
	if t.closer == nil {
		return nil
	}
	return t.closer.Close()
}

// open finds out what lies there.
func (t *dataTree) open(split string, o PictureOptions) (*Dataset, error) {
	root := "."
	for {
		entries, err := fs.ReadDir(t.fsys, root)
		if err != nil {
			return nil, fmt.Errorf("data %s: %w", t.name, err)
		}
		var folders, files []string
		for _, e := range entries {
			switch info, err := fs.Stat(t.fsys, path.Join(root, e.Name())); {
			case strings.HasPrefix(e.Name(), "."), e.Name() == "__MACOSX", err != nil:
			case info.IsDir():
				folders = append(folders, e.Name())
			default:
				files = append(files, e.Name())
			}
		}
		if d, err := t.openFiles(root, files, split); d != nil || err != nil {
			return d, err
		}
		if folder := pick(folders, splitNames(split)); folder != "" {
			return openPictures(t, path.Join(root, folder), o)
		}
		// Folders without those of a split are the classes.
		if split == "" || split == "train" && pick(folders, splitNames("test")) == "" {
			if len(folders) > 1 {
				return openPictures(t, root, o)
			}
		}
		if len(folders) != 1 { // an archive often holds one folder with everything
			return nil, t.unknown(split, len(files), folders)
		}
		root = path.Join(root, folders[0])
	}
}

// pick gives the folder with the first of the names that there is, "" for none.
func pick(folders, names []string) string {
	for _, name := range names {
		for _, folder := range folders {
			if strings.EqualFold(folder, name) {
				return folder
			}
		}
	}
	return ""
}

// openFiles reads the formats of a known list of files; nil if they are not there.
func (t *dataTree) openFiles(root string, files []string, split string) (*Dataset, error) {
	have := func(name string) bool {
		for _, f := range files {
			if f == name {
				return true
			}
		}
		return false
	}
	switch {
	case have("data_batch_1.bin") || have("test_batch.bin"):
		return openCIFAR10(t, root, split)
	case have("train-images-idx3-ubyte") || have("train-images-idx3-ubyte.gz") || have("t10k-images-idx3-ubyte") || have("t10k-images-idx3-ubyte.gz"):
		return openIDX(t, root, split)
	}
	return nil, nil
}

func (t *dataTree) unknown(split string, files int, folders []string) error {
	if files == 0 && len(folders) == 0 {
		return fmt.Errorf("data %s: empty", t.name)
	}
	if split == "test" && len(folders) > 1 {
		return fmt.Errorf("data %s: no test data: %w: want a folder %s", t.name, fs.ErrNotExist, strings.Join(splitNames(split), " or "))
	}
	return fmt.Errorf("data %s: %d files and %d folders, none of a known layout: want data_batch_1.bin (CIFAR-10), train-images-idx3-ubyte (MNIST), or folders of pictures, one for each class, in one folder for each split (train, test)",
		t.name, files, len(folders))
}

// read gives the contents of a file, decompressed if only name.gz is there.
// More than limit bytes are an error.
func (t *dataTree) read(name string, limit int64) ([]byte, error) {
	f, err := t.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if z, zerr := t.fsys.Open(name + ".gz"); zerr == nil {
			f, err, name = z, nil, name+".gz"
		}
	}
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", t.name, err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, t.errorf(name, "%w", err)
		}
		r = z
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, t.errorf(name, "after %d bytes: %w", len(b), err)
	}
	if int64(len(b)) > limit {
		return nil, t.errorf(name, "more than %d bytes", limit)
	}
	return b, nil
}

// errorf names the file that is wrong.
func (t *dataTree) errorf(file, format string, args ...any) error {
	return fmt.Errorf("data %s: %s: "+format, append([]any{t.name, file}, args...)...)
}
