package peers

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// drivers holds the program that runs an engine; it is embedded, so that an
// installed resnetc needs no source tree.
//
//go:embed peers.py engines.py torchengine.py torchgraph.py torchtrain.py
var drivers embed.FS

const setup = "cmd/resnetc/peers/setup.sh in resnetc's source"

// ErrNoEnvironment says that the virtual environment has not been made.
var ErrNoEnvironment = errors.New("no peers are installed")

// Dir is the folder of the virtual environment that holds the engines:
// $RESNETC_PEERS, else resnetc/peers in the user's cache folder.
func Dir() (string, error) {
	if dir := os.Getenv("RESNETC_PEERS"); dir != "" {
		return dir, nil
	}
	// setup.sh uses the same two, on every system.
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "resnetc", "peers"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("peers: set RESNETC_PEERS to the folder that setup.sh made: %w", err)
	}
	return filepath.Join(home, ".cache", "resnetc", "peers"), nil
}

// interpreter finds the environment's Python.
func interpreter() (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	python := filepath.Join(dir, "bin", "python")
	if runtime.GOOS == "windows" {
		python = filepath.Join(dir, "Scripts", "python.exe")
	}
	if _, err := os.Stat(python); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("peers: %w in %s: run %s, or set RESNETC_PEERS to where they are", ErrNoEnvironment, dir, setup)
	} else if err != nil {
		return "", fmt.Errorf("peers: %w", err)
	}
	return python, nil
}

// unpack writes the drivers to a new folder, which is the caller's to remove.
func unpack() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "resnetc-peer-"); err != nil {
		return "", fmt.Errorf("peers: %w", err)
	}
	if err := os.CopyFS(dir, drivers); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("peers: %w", err)
	}
	return dir, nil
}

// Version is an engine that can be used and the version that is installed.
type Version struct{ Name, Version string }

// Versions lists the engines that can be used, in the order of peers.py.  The
// error is [ErrNoEnvironment] if setup.sh has not been run.
func Versions(ctx context.Context) ([]Version, error) {
	python, err := interpreter()
	if err != nil {
		return nil, err
	}
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out, err := exec.CommandContext(ctx, python, "-B", filepath.Join(dir, "peers.py"), "list").Output()
	if err != nil && len(out) == 0 {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) == 0 {
			return nil, nil // an environment in which every install failed
		}
		return nil, fmt.Errorf("peers: listing what is in %s: %w%s", python, err, said(err))
	}
	var list []Version
	for line := range strings.Lines(string(out)) {
		name, version, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok {
			list = append(list, Version{name, version})
		}
	}
	return list, nil
}

// said is the end of what a failed command wrote to stderr.
func said(err error) string {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || len(exit.Stderr) == 0 {
		return ""
	}
	text := strings.TrimSpace(string(exit.Stderr))
	return ": " + text[max(0, len(text)-400):]
}

// Available names the engines that can be used, none if setup.sh has not been
// run; [Versions] says why.
func Available() []string {
	list, err := Versions(context.Background())
	if err != nil {
		return nil
	}
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = v.Name
	}
	return names
}

// usable returns the interpreter if the engine called name is installed.
func usable(ctx context.Context, name string) (python string, err error) {
	list, err := Versions(ctx)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(list, func(v Version) bool { return v.Name == name }) {
		var names []string
		for _, v := range list {
			names = append(names, v.Name)
		}
		have := "none is"
		if len(names) > 0 {
			have = "installed: " + strings.Join(names, ", ")
		}
		return "", fmt.Errorf("peers: %q is not installed (%s); run %s", name, have, setup)
	}
	return interpreter()
}
