package tune

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/resnetc/resnetc/asm"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/tune/wire"
	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/runtime"
)

var (
	//go:embed _main/main.go
	mainSource []byte
	//go:embed wire/wire.go
	wireSource []byte
)

// Bench is the program that times layers.
type Bench struct {
	Level   string // of the kernels
	Threads int
	// Code tells versions of the runtime and the kernels apart.
	Code string

	program *driver.Program
	process *driver.Process
}

// Start builds the program and starts it with so many threads, and the kernels
// of a level unless that is "".
func Start(ctx context.Context, threads int, level string) (b *Bench, err error) {
	files, err := codegen.Support("model", asm.Kernels())
	if err != nil {
		return nil, err
	}
	b = &Bench{Code: version(files)}
	b.program, err = driver.Build(ctx, driver.BuildOptions{
		Write:   files.Write,
		Sources: map[string][]byte{"main.go": mainSource, "wire/wire.go": wireSource},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	var env []string
	if level != "" {
		env = append(env, "RESNETC_KERNELS="+level)
	}
	if b.process, err = b.program.Launch(ctx, env, "-threads", strconv.Itoa(threads)); err != nil {
		return b, err
	}
	r, err := b.call(wire.Request[runtime.Program]{Programs: []runtime.Program{{Name: timed, Input: [3]int{1, 1, 1}}}})
	b.Level, b.Threads = r.Level, r.Threads
	return b, err
}

// Close ends the program and removes it.
func (b *Bench) Close() error {
	var err error
	if b.process != nil {
		err = b.process.Close()
	}
	return errors.Join(err, b.program.Close())
}

func (b *Bench) call(q wire.Request[runtime.Program]) (r wire.Response, err error) {
	if err = b.process.Call(q, &r); err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	return r, err
}

// time times the programs in turn.
func (b *Bench) time(programs []*runtime.Program, batch, rounds int) ([]time.Duration, error) {
	q := wire.Request[runtime.Program]{Timed: timed, Batch: batch, Rounds: rounds}
	for _, p := range programs {
		q.Programs = append(q.Programs, *p)
	}
	r, err := b.call(q)
	return r.Times, err
}

// version is a hash of the files.
func version(files codegen.Files) string {
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return fmt.Sprintf("%016x", h.Sum64())
}
