package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// README shows these.
//go:generate go run . dump resnet8_cifar -after none -format svg -o testdata/resnet8_cifar.svg
//go:generate go run . dump resnet8_cifar -format svg -o testdata/resnet8_cifar-compiled.svg

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args))
}
