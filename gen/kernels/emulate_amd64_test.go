//go:build amd64 && !purego

package kernels

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"sync"
	"unsafe"

	"github.com/resnetc/resnetc/asm"
	"github.com/resnetc/resnetc/asm/emulate"
)

// canEmulate reports whether the emulator runs a level's kernels.
func canEmulate(level Level) bool { return level == AVX2 || level == AVX512 }

// emulatedKernels returns a level's kernels, run by the emulator; with natives
// by the CPU too, and then they panic where that is not the same.
func emulatedKernels(level Level, natives *kernelSet) *kernelSet {
	set := &kernelSet{level: level}
	emulated(set, natives, "kernels_amd64", level, asm.Kernels())
	return set
}

// emulatedTrainKernels is emulatedKernels for the kernels of training.
func emulatedTrainKernels(level Level, natives *trainKernelSet) *trainKernelSet {
	set := &trainKernelSet{level: level}
	emulated(set, natives, "train_kernels_amd64", level, asm.TrainKernels())
	return set
}

// assignment is where the generated code puts a kernel into its set.
var assignment = regexp.MustCompile(`\bs\.(\w+)((?:\[\w+\])*) = (\w+)\n`)

// emulated puts the rows of a level where the text of the generated code puts
// them, so that a new row needs nothing here.
func emulated[S any](set, natives *S, base string, level Level, rows []asm.Kernel) {
	source, err := os.ReadFile(base + ".go")
	if err != nil {
		panic(err)
	}
	file, err := emulate.Read(base + ".s")
	if err != nil {
		panic(err)
	}
	places := map[string][]string{}
	for _, m := range assignment.FindAllStringSubmatch(string(source), -1) {
		places[m[3]] = m[1:]
	}
	for _, k := range rows {
		if levelNames[k.Level] != level {
			continue
		}
		at := place(set, places[k.Name], k)
		var native reflect.Value
		if natives != nil {
			native = place(natives, places[k.Name], k)
		}
		program := sync.OnceValues(func() (*emulate.Program, error) { return file.Program(k.Name, emulate.Levels[k.Level]) })
		at.Set(reflect.MakeFunc(at.Type(), func(in []reflect.Value) []reflect.Value {
			p, err := program()
			switch args := in[0].UnsafePointer(); {
			case err != nil:
			case natives != nil:
				err = p.Compare(args, func() { native.Call(in) })
			default:
				err = p.Run(args)
			}
			if err != nil {
				panic(err)
			}
			return nil
		}))
	}
}

// place returns the place of a kernel in a set: a field, or an element of an
// array of some dimensions, of which the convolution class has a name.
func place[S any](set *S, path []string, k asm.Kernel) reflect.Value {
	if path == nil {
		panic(fmt.Sprintf("the generated code has no kernel %s", k.Name))
	}
	v := reflect.ValueOf(set).Elem().FieldByName(path[0])
	for _, index := range regexp.MustCompile(`\w+`).FindAllString(path[1], -1) {
		i, err := strconv.Atoi(index)
		if err != nil {
			i = k.Class
		}
		v = v.Index(i)
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}
