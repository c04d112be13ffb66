package driver

import (
	"context"
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"golang.org/x/term"
)

//go:embed _train/main.go
var trainSource []byte

// TrainSources are the files of the program that trains with a generated
// trainer, for BuildOptions, beside others that it may want to read.
func TrainSources(others map[string][]byte) map[string][]byte {
	sources := map[string][]byte{"main.go": trainSource}
	for name, data := range others {
		sources[name] = data
	}
	return sources
}

// Path is where a file of Sources lies.
func (p *Program) Path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

// KilledError is the end of a program by a signal, before it could save.
type KilledError struct {
	How   string // as the system says it
	Asked bool   // it had been asked to end
}

func (e *KilledError) Error() string { return "the trainer was killed (" + e.How + ")" }

// Train runs a program of TrainSources, which is called name in its messages,
// with this process's standard output and error.  When ctx ends, the program
// finishes its step, saves and says how to go on.  It gives the exit status, or
// a KilledError.
func (p *Program) Train(ctx context.Context, name string, args ...string) (status int, err error) {
	cmd := exec.CommandContext(ctx, p.binary(), args...)
	cmd.Args[0] = name
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	cmd.Cancel = stdin.Close
	if columns, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil {
		cmd.Env = append(os.Environ(), "COLUMNS="+strconv.Itoa(columns))
	}
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if exit.ExitCode() < 0 {
			return 0, &KilledError{How: exit.String(), Asked: ctx.Err() != nil}
		}
		return exit.ExitCode(), nil
	}
	if err != nil && ctx.Err() != nil { // it was done already
		err = nil
	}
	return 0, err
}
