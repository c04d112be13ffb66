package runtime

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Interruptible is a context that ends at Ctrl-C, or when the process is asked
// to terminate: Fit then finishes its step and saves.  A second Ctrl-C ends the
// process at once, which costs the steps since the last checkpoint.
func Interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
