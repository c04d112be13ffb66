#!/bin/sh
# Installs the inference engines that "resnetc bench -vs" times, into a Python
# virtual environment outside the repository.
#
#   setup.sh                      every peer but torch
#   setup.sh onnxruntime ncnn     only these
#   setup.sh -torch               also PyTorch (several GB where only PyPI can be reached);
#                                 its compiler, one of its ways to run, needs g++ and
#                                 Python's headers (on Debian: apt install g++ python3-dev)
#   setup.sh torch                only PyTorch
#
# The environment is $RESNETC_PEERS, else $XDG_CACHE_HOME/resnetc/peers, else
# ~/.cache/resnetc/peers.  $PYTHON is the interpreter to build it from.
# Each peer is optional: one that has no wheel for this machine is reported and
# passed over.  The exit status is 1 only if no peer at all can be used.
set -u

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' "$0"; }

peers=
torch=no
for arg; do
	case $arg in
	-h | -help | --help) usage; exit 0 ;;
	-torch) torch=yes ;;
	-*) echo "setup.sh: unknown flag $arg" >&2; usage >&2; exit 2 ;;
	onnxruntime | openvino | ncnn | mnn) peers="$peers $arg" ;;
	torch) torch=yes; : "${peers:= }" ;;
	*) echo "setup.sh: unknown peer $arg, want onnxruntime, openvino, ncnn, mnn or torch" >&2; exit 2 ;;
	esac
done
[ -n "$peers" ] || peers="onnxruntime openvino ncnn mnn"

venv=${RESNETC_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/resnetc/peers}
python=${PYTHON:-python3}
log=$venv/setup.log

if ! [ -x "$venv/bin/python" ]; then
	mkdir -p "$(dirname "$venv")" && "$python" -m venv "$venv" || {
		echo "setup.sh: cannot make a virtual environment in $venv with $python (on Debian: apt install python3-venv)" >&2
		exit 1
	}
fi
: >"$log"

# install NAME PIP-ARGUMENT... says whether pip could install it.
install() {
	echo "installing $1"
	shift
	if "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --prefer-binary -q "$@" >>"$log" 2>&1; then
		return 0
	fi
	echo "  not installed: $(grep -E 'ERROR|error:' "$log" | tail -n 1)"
	return 1
}

# numpy is what all peers take and give; onnx checks and reads the files that resnetc writes.
install numpy numpy || { echo "setup.sh: numpy is needed by every peer; see $log" >&2; exit 1; }
install onnx onnx
for p in $peers; do
	case $p in
	# pnnx converts ONNX to ncnn's own form; PyTorch, which it asks for, serves
	# its Python functions only, and not the converter.
	ncnn) install ncnn ncnn && install pnnx --no-deps pnnx ;;
	mnn) install MNN MNN ;;
	*) install "$p" "$p" ;;
	esac
done
if [ $torch = yes ]; then
	# A wheel without CUDA is on PyTorch's own index only.
	install "torch from PyTorch's index" --retries 0 --timeout 10 --index-url https://download.pytorch.org/whl/cpu torch ||
		install "torch from PyPI" torch
fi

echo
"$venv/bin/python" -B "$(dirname "$0")/peers.py" list
