package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/atomicfile"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/npy"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/reference"
	"github.com/resnetc/resnetc/zoo"
)

// fakePeer plays the Python of an environment of peers, with two engines that
// know resnet8_cifar with the formula's parameters: see peers.py.  The variable
// FAKEPEER_OFF is added to the first logit.
func fakePeer() {
	args := os.Args[1:]
	for len(args) > 0 && !strings.HasSuffix(args[0], "peers.py") {
		args = args[1:]
	}
	if len(args) > 1 && args[1] == "list" {
		fmt.Print("onnxruntime\t9.9\nncnn\t2.0\n")
		return
	}
	if err := fakeEngine(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func fakeEngine(args []string) error {
	if len(args) != 8 || args[1] != "run" || args[4] != "-batch" {
		return fmt.Errorf("arguments %q", args)
	}
	if _, err := os.Stat(args[3]); err != nil {
		return err
	}
	batch, err := strconv.Atoi(args[5])
	if err != nil {
		return err
	}
	m, err := zoo.Lookup("resnet8_cifar")
	if err != nil {
		return err
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		return err
	}
	zoo.Formula(g, "")
	net, err := reference.New(g, batch)
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "load":
			fmt.Println("ok load_ns=1")
		case "check":
			if err := fakeCheck(net, batch, words[1], words[2]); err != nil {
				return err
			}
			fmt.Printf("ok images=%d\n", batch)
		case "time":
			n, err := strconv.Atoi(words[1])
			if err != nil {
				return err
			}
			fmt.Println("ok" + strings.Repeat(" "+strconv.Itoa(int(time.Hour)), n))
		case "stat":
			fmt.Println("ok startup_ns=5000000 first_ns=6000000 convert_ns=7 peak_rss_bytes=8000000 variant=frozen")
		}
	}
	return nil
}

// fakeCheck runs the images in a file and writes the logits to another.
func fakeCheck(net *reference.Net, batch int, in, out string) error {
	x, err := npy.ReadFile(in)
	if err != nil {
		return err
	}
	y := npy.Array{Shape: []int{batch, 10}, Data: make([]float32, batch*10)}
	if err := net.Run(y.Data, x.Data); err != nil {
		return err
	}
	if off := os.Getenv("FAKEPEER_OFF"); off != "" {
		d, err := strconv.ParseFloat(off, 32)
		if err != nil {
			return err
		}
		y.Data[0] += float32(d)
	}
	return atomicfile.Write(out, func(w io.Writer) error { return npy.Write(w, y) })
}
