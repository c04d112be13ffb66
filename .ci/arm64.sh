#!/usr/bin/env bash
# Other machines: NEON and a CPU without AVX-512 under emulation, builds for
# platforms without assembly, and WebAssembly under node.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v qemu-aarch64-static >/dev/null || ! command -v qemu-x86_64-static >/dev/null; then
	echo "-- installing qemu-user-static"
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update -qq
	$sudo apt-get install -y -qq qemu-user-static >/dev/null
fi

emulated() { # TESTS GOARCH EMULATOR ARGUMENT...
	local tests=$1 arch=$2
	shift 2
	echo "-- $*: kernels and generated packages"
	GOARCH=$arch CGO_ENABLED=0 go test -short -run "$tests" -exec "$*" ./gen/kernels
	GOARCH=$arch CGO_ENABLED=0 go test -short -exec "$*" ./gen/tiny ./gen/resnet20_cifar
}
emulated . arm64 qemu-aarch64-static -cpu max             # all extensions, and Go's own arm64 code
emulated //neon arm64 qemu-aarch64-static -cpu cortex-a53 # no extensions
emulated '//^avx2$' amd64 qemu-x86_64-static -cpu Haswell # AVX2, no AVX-512

echo "-- qemu-aarch64-static: benchmarks, and resnetc bench"
GOARCH=arm64 CGO_ENABLED=0 go test -run '^$' -bench . -benchtime 1x -exec qemu-aarch64-static ./gen/tiny
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
GOARCH=arm64 CGO_ENABLED=0 go build -o "$dir/resnetc" ./cmd/resnetc
GO=$(command -v go) EMULATOR=qemu-aarch64-static PATH="$PWD/.ci/emulated:$PATH" \
	qemu-aarch64-static "$dir/resnetc" bench gen/tiny.ir -params formula -vs reference -count 1 -layers | tee "$dir/bench"
grep -q 'resnetc neon$' "$dir/bench" && grep -q 'sum of the bounds' "$dir/bench"

# The whole package, as in the step of all tests, which then has it in its cache.
echo "-- goldens of small networks and of training, the same bits everywhere (TestMachines, TestMachinesTrain)"
go test ./codegen

for platform in linux/arm64 darwin/arm64 darwin/amd64 windows/amd64 windows/arm64; do
	echo "-- $platform: everything builds"
	CGO_ENABLED=0 GOOS=${platform%/*} GOARCH=${platform#*/} go build ./...
done
for platform in linux/riscv64 js/wasm; do
	echo "-- $platform: generated packages, what trainers are made of, and their tests build"
	for tags in "" purego; do
		CGO_ENABLED=0 GOOS=${platform%/*} GOARCH=${platform#*/} go vet -tags "$tags" ./runtime ./gen/tiny ./gen/resnet20_cifar
	done
done

if command -v node >/dev/null; then
	echo "-- js/wasm under node: a generated package"
	GOOS=js GOARCH=wasm go test -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./gen/tiny
else
	echo "-- js/wasm: built but not run, no node here"
fi
