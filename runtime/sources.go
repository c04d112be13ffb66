package runtime

import "embed"

// Sources holds this package's own source files, for the compiler to put into
// the packages that it generates.  This file, kernels_none.go and the tests
// stay behind.
//
//go:embed *.go
var Sources embed.FS
