package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/labels"
	"github.com/resnetc/resnetc/zoo/pretrained"
	"github.com/resnetc/resnetc/zoo/weights"
)

// network is what the command line asks for, before any pass.
type network struct {
	graph      *ir.Graph
	preprocess runtime.Preprocess
	labels     []string
	params     string // where the parameters came from, for people
	half       bool   // -weights-dtype f16
	untuned    bool   // -tune is not for this one
	fast       bool   // as if with -fast
	batch      int    // images of a run, without -for-batch; 0 stands for one
}

// Whether a command can do without parameters.
type need int

const (
	needParams  need = iota
	formulaElse      // make them up: speed does not depend on them
	noneElse         // leave them out
)

// loadNetwork builds or reads the graph called name and binds its parameters.
func loadNetwork(c *cli.Command, name string, n need) (*network, error) {
	half, err := halfWeights(c)
	if err != nil {
		return nil, err
	}
	net, err := loadGraph(c, name)
	if err != nil {
		return nil, err
	}
	net.half = half
	return net, net.bind(c, n)
}

// loadGraph builds or reads the graph called name, without parameters.
func loadGraph(c *cli.Command, name string) (*network, error) {
	if filepath.Ext(name) == ".ir" {
		return readIR(c, name)
	}
	return fromZoo(c, name)
}

func readIR(c *cli.Command, path string) (*network, error) {
	for _, f := range []string{"classes", "input-size", "stride-on-1x1"} {
		if c.IsSet(f) {
			return nil, usagef("-%s changes networks of the zoo; %s says it all itself", f, path)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g, err := ir.Parse(path, text)
	if err != nil {
		return nil, err
	}
	return &network{graph: g, preprocess: runtime.Preprocess{Std: [3]float32{1, 1, 1}}}, nil
}

func fromZoo(c *cli.Command, name string) (*network, error) {
	o, err := zooOptions(c)
	if err != nil {
		return nil, err
	}
	m, err := zoo.Lookup(name)
	if err != nil {
		return nil, err
	}
	net := &network{}
	if net.graph, err = m.Graph(o); err != nil {
		return nil, err
	}
	p, err := m.Preprocess(o)
	if err != nil {
		return nil, err
	}
	net.preprocess = runtime.Preprocess(p)
	net.labels = labels.Names(m.Labels(o))
	return net, nil
}

// bind gives the graph's parameters their data.
func (net *network) bind(c *cli.Command, n need) error {
	file, rule := c.String("weights"), c.String("params")
	switch {
	case file != "" && rule != "":
		return usagef("-weights and -params exclude each other")
	case rule != "" && rule != "formula":
		return oneOf("params", rule, []string{"formula"})
	case c.IsSet("salt") && rule == "":
		return usagef("-salt varies -params formula, which is not given")
	case file != "":
		tensors, err := weights.Load(file)
		if err != nil {
			return err
		}
		net.params = filepath.Base(file)
		return weights.Bind(net.graph, tensors, file)
	case rule == "formula":
		net.fill(c.String("salt"))
		return nil
	}
	if n == noneElse {
		return nil
	}
	// Embedded weights are of the network as the zoo has it by default.
	own := !c.IsSet("classes") && filepath.Ext(c.Args().First()) != ".ir"
	if data, ok := pretrained.Open(net.graph.Name); ok && own {
		tensors, err := weights.Read(pretrained.File(net.graph.Name), data)
		if err != nil {
			return err
		}
		net.params = "pretrained"
		return weights.Bind(net.graph, tensors, pretrained.File(net.graph.Name))
	}
	switch {
	case len(net.graph.Params) == 0:
		return nil
	case n == formulaElse:
		net.fill("")
		return nil
	}
	return fmt.Errorf("%s has no parameters: name a file of weights with -weights, or make them up with -params formula", net.graph.Name)
}

func (net *network) fill(salt string) {
	zoo.Formula(net.graph, salt)
	net.params = strings.TrimSpace("formula " + salt)
}

// readLabels reads names of classes, one a line.
func readLabels(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	for i, l := range list {
		if list[i] = strings.TrimSpace(l); list[i] == "" {
			return nil, fmt.Errorf("%s: line %d is empty, want one name for each class", path, i+1)
		}
	}
	return list, nil
}
