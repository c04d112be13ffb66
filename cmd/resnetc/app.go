package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/ir/nearest"
)

// usageError is a mistake on the command line itself.
type usageError struct{ error }

// statusError is the exit status of a program that has said itself what is wrong.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// commands are the subcommands, in the order in which help lists them.
func commands() []*cli.Command {
	return []*cli.Command{listCommand(), compileCommand(), runCommand(), dumpCommand(), trainCommand(), evalCommand(), curvesCommand(), experimentCommand(), benchCommand(), tuneCommand(), versionCommand(), helpCommand()}
}

func newApp() *cli.Command {
	app := &cli.Command{
		Name:                          "resnetc",
		Usage:                         "compile residual networks to standalone Go packages",
		Commands:                      commands(),
		CustomRootCommandHelpTemplate: rootHelp,
		HideHelpCommand:               true,
		OnUsageError:                  flagError,
		ExitErrHandler:                func(context.Context, *cli.Command, error) {}, // run reports it
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() == 0 {
				return cli.ShowRootCommandHelp(c)
			}
			return unknownCommand(c)
		},
	}
	for _, c := range app.Commands {
		c.CustomHelpTemplate, c.HideHelpCommand, c.OnUsageError = commandHelp, true, flagError
	}
	return app
}

// run runs the command line and returns the exit status.
func run(ctx context.Context, args []string) int {
	err := newApp().Run(ctx, args)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if err == nil {
		return 0
	}
	if said := statusError(0); errors.As(err, &said) {
		return int(said)
	}
	fmt.Fprintln(os.Stderr, "resnetc:", strings.TrimSpace(err.Error()))
	if usage := (usageError{}); errors.As(err, &usage) {
		return 2
	}
	return 1
}

func unknownCommand(c *cli.Command) error {
	var names []string
	for _, sub := range c.Root().Commands {
		names = append(names, sub.Name)
	}
	name := c.Args().First()
	return usagef("unknown command %q%s (resnetc help lists all)", name, nearest.Suggestion(name, names))
}

// flagError turns the flag parser's error into ours.
func flagError(_ context.Context, c *cli.Command, err error, _ bool) error {
	where := c.Name
	if c.Root() == c {
		where = ""
	}
	help := strings.TrimSpace("resnetc help " + where)
	if given, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: "); ok {
		var names []string
		for _, f := range c.Flags {
			names = append(names, f.Names()...)
		}
		name := strings.TrimLeft(given, "-")
		return usagef("unknown flag -%s%s (%s lists all)", name, nearest.Suggestion(name, names), help)
	}
	// The flag package says "invalid value "1,8" for flag -batch: strconv.ParseInt: …".
	if given, why, ok := strings.Cut(err.Error(), ": strconv."); ok {
		want := "want a number"
		if strings.HasSuffix(why, "out of range") {
			want = "it is out of range"
		}
		return usagef("%s: %s (see %s)", given, want, help)
	}
	return usagef("%w (see %s)", err, help)
}

// arguments checks the number of positional arguments; a negative maximum means any.
func arguments(c *cli.Command, least, most int) ([]string, error) {
	args := c.Args().Slice()
	if len(args) < least {
		return nil, usagef("%s needs %s (see resnetc help %[1]s)", c.Name, c.ArgsUsage)
	}
	if most >= 0 && len(args) > most {
		return nil, usagef("%s: unexpected argument %q (see resnetc help %[1]s)", c.Name, args[most])
	}
	return args, nil
}
