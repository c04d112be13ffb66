package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"
)

const rootHelp = `resnetc compiles residual networks to standalone Go packages.

usage: resnetc COMMAND [flags] [arguments]

{{range .VisibleCommands}}  {{.Name}}{{"\t"}}{{.Usage}}
{{end}}
resnetc help COMMAND shows its flags and examples.
`

const commandHelp = `{{.Usage}}

usage: resnetc {{.Name}} [flags] {{.ArgsUsage}}
{{if .Description}}
{{.Description}}
{{end}}{{if .VisibleFlags}}
flags:
{{range .VisibleFlags}}  {{.}}
{{end}}{{end}}`

// Our flags are written with one dash, as the go command's are.
func init() { cli.FlagStringer = flagString }

func flagString(f cli.Flag) string {
	name := "-" + strings.Join(f.Names(), ", -")
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return name
	}
	value, usage := unquote(doc.GetUsage())
	if !doc.TakesValue() {
		value = ""
	}
	if d := cmp.Or(doc.GetDefaultText(), doc.GetValue()); doc.TakesValue() && doc.IsDefaultVisible() && strings.Trim(d, `"0s`) != "" {
		usage += fmt.Sprintf(" (default %s)", strings.Trim(d, `"`))
	}
	return strings.TrimSpace(name+" "+value) + "\t" + usage
}

// unquote takes the value's name, which stands in back quotes, out of a usage text.
func unquote(usage string) (value, text string) {
	before, rest, ok := strings.Cut(usage, "`")
	if !ok {
		return "", usage
	}
	value, after, _ := strings.Cut(rest, "`")
	return value, before + value + after
}

func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "explain a command",
		ArgsUsage: "[COMMAND]",
		Action: func(_ context.Context, c *cli.Command) error {
			args, err := arguments(c, 0, 1)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return cli.ShowRootCommandHelp(c.Root())
			}
			for _, sub := range c.Root().Commands {
				if sub.Name == args[0] {
					cli.HelpPrinter(c.Root().Writer, commandHelp, sub)
					return nil
				}
			}
			return unknownCommand(c)
		},
	}
}
