package runtime

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// oneInterrupt is how long several signals count as one: a terminal sends
// Ctrl-C to a program and to the one that started it, which passes it on.
const oneInterrupt = time.Second

// Interruptible is a context that ends at Ctrl-C, or when the process is asked
// to terminate: Fit then finishes its step and saves.  A second Ctrl-C, more than
// a second later, ends the process at once, which costs the steps since the last checkpoint.
func Interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(oneInterrupt)
		stop()
	})
	return ctx, stop
}
