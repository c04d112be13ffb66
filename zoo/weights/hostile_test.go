package weights

import (
	"archive/zip"
	"bytes"
	"math"
	"strings"
	"testing"
)

// refuse checks that reading data fails, with the path and with want.
func refuse(t *testing.T, name string, data []byte, want string) {
	t.Helper()
	_, err := Read("dir/bad.pth", data)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "weights: dir/bad.pth: ") {
		t.Errorf("%s: error %v, want one with %q that begins with the path", name, err, want)
	}
}

// What a pickle may not do, and tensors that do not fit their storage.
func TestHostilePickles(t *testing.T) {
	call := func(module, name string) []byte {
		p := new(pickler)
		p.op("\x80\x02").global(module, name).op("(").str("touch /tmp/x").op("tR.")
		return p.Bytes()
	}
	persistent := func(id string) []byte { return []byte("\x80\x02" + id + "Q.") }
	tensor := func(numel, offset int, shape, strides []int) []byte {
		return stateDictPickle("", torchTensor{"a", "FloatStorage", "0", numel, offset, shape, strides})
	}
	for _, tt := range []struct {
		name    string
		program []byte
		want    string
	}{
		{"os.system", call("os", "system"), `the pickle wants "os.system", which is never called here`},
		{"builtins.eval", call("builtins", "eval"), `"builtins.eval"`},
		{"posix.system", call("posix", "system"), `"posix.system"`},
		{"a dotted way out", call("torch._utils", "os.system"), `"torch._utils.os.system"`},
		{"torch.load", call("torch", "load"), `"torch.load"`},
		{"a class that is called", call("torch", "FloatStorage"), "calls torch.FloatStorage, which is no function"},
		{"an object", []byte("\x80\x02ctorch\nFloatStorage\n)\x81."), "instruction NEWOBJ"},
		{"attributes of a tensor", func() []byte {
			p := new(pickler)
			p.op("\x80\x02").tensor(floats("a", "0", 1), "").op("}b.")
			return p.Bytes()
		}(), "sets attributes of a tensor"},
		{"parameter of nothing", []byte("\x80\x02ctorch._utils\n_rebuild_parameter\n)R."), "no tensor"},
		{"tensor of nothing", []byte("\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R."), "0 arguments"},
		{"tensor of no storage", []byte("\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))tR."), "no storage"},
		{"dict of no pairs", []byte("\x80\x02ccollections\nOrderedDict\n]Na\x85R."), "no pair"},
		{"dict of a number", []byte("\x80\x02ccollections\nOrderedDict\nK\x01\x85R."), "list of pairs"},
		{"id that is None", persistent("N"), "no storage"},
		{"id of other things", persistent("(U\x01aU\x01bNNNt"), "no storage"},
		{"module", persistent("(U\x06moduleNNNt"), "a whole pickled model"},
		{"id without a class", persistent("(U\x07storageU\x01cU\x010U\x03cpuK\x01t"), "wrong type"},
		{"storage of negative size", tensor(-1, 0, []int{1}, []int{1}), "storage \"0\" of -1 elements"},
		{"storage of huge size", tensor(math.MaxInt/2, 0, []int{1}, []int{1}), "elements"},
		{"claimed storage", tensor(1<<40, 0, []int{1}, []int{1}), "has 8 bytes, want"},
		{"beyond the end", tensor(2, 1, []int{2}, []int{1}), "beyond its storage of 2"},
		{"offset behind the end", tensor(2, 2, []int{1}, []int{1}), "beyond its storage of 2"},
		{"scalar behind the end", tensor(2, 2, nil, nil), "a scalar at element 2"},
		{"offset far behind", tensor(2, 3, nil, nil), "from element 3 of a storage of 2"},
		{"negative offset", tensor(2, -1, []int{1}, []int{1}), "from element -1"},
		{"negative stride", tensor(2, 1, []int{2}, []int{-1}), "strides [-1]"},
		{"negative size", tensor(2, 0, []int{-2}, []int{1}), "shape [-2]"},
		{"overflowing shape", tensor(2, 0, []int{1 << 32, 1 << 32, 2}, []int{0, 0, 1}), "shape"},
		{"overflowing stride", tensor(2, 0, []int{3}, []int{math.MaxInt}), "beyond its storage"},
		{"shape and stride differ", tensor(2, 0, []int{1, 2}, []int{1}), "not as many as each other"},
		{"axes", tensor(2, 0, make([]int, 65), make([]int, 65)), "not as many as each other"},
		{"expanded beyond reason", tensor(2, 0, []int{1 << 20, 1 << 10}, []int{0, 0}), "far more elements than the file stores"},
		{"storage twice", stateDictPickle("", floats("a", "0", 2), floats("b", "0", 1)), "in one place and 1"},
		{"no storage file", stateDictPickle("", floats("a", "7", 2)), "no file archive/data/7"},
		{"path as a key", stateDictPickle("", floats("a", "../version", 1)), "has 2 bytes, want 4"},
		{"no tensors", []byte("\x80\x02}U\x05epochK\x01s."), `the file's keys are "epoch"`},
		{"a number", []byte("\x80\x02K\x01."), "no dict"},
		{"a cycle", []byte("\x80\x02}q\x00U\x05modelh\x00s."), "no state_dict"},
		{"cut pickle", stateDictPickle("", floats("a", "0", 2))[:40], "pickle, byte"},
	} {
		refuse(t, tt.name, torchZip(t, tt.program, file{"0", f32(1, 2)}), tt.want)
	}
}

func TestHostileLegacy(t *testing.T) {
	program := stateDictPickle("N", floats("a", "0", 2))
	good := legacyFile(program, file{"0", counted(2, f32(1, 2))})
	if _, err := Read("good", good); err != nil {
		t.Fatal(err)
	}
	for n := 2; n < len(good); n++ { // of one byte, even the format can't be told
		refuse(t, "cut", good[:n], "")
	}
	view := func(offset, size int) []byte {
		p := new(pickler)
		p.op("(").str("v").int(offset).int(size).op("t")
		return legacyFile(stateDictPickle(p.String(), floats("a", "0", 2)), file{"0", counted(2, f32(1, 2))})
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"no magic number", []byte("\x80\x02K\x01."), "not one that torch.save wrote"},
		{"version", []byte(strings.Replace(legacyHead, "M\xe9\x03", "M\xea\x03", 1)), "version 1002"},
		{"big-endian", bytes.Replace(good, []byte("little_endian\x88"), []byte("little_endian\x89"), 1), "big-endian"},
		{"count", legacyFile(program, file{"0", counted(3, f32(1, 2, 3))}), "has 3 elements, want 2"},
		{"huge count", legacyFile(program, file{"0", counted(-1, nil)}), "has 18446744073709551615 elements"},
		{"short data", legacyFile(program, file{"0", counted(2, f32(1))}), "only 4 bytes more"},
		{"no storage", legacyFile(program), `tensor "a": its storage "0" is not in the file`},
		{"strange storage", legacyFile(program, file{"1", counted(2, f32(1, 2))}), `storage "1" is not one that a tensor uses`},
		{"storage twice", legacyFile(program, file{"0", counted(2, f32(1, 2))}, file{"0", nil}), "there twice"},
		{"view beyond the end", view(1, 2), "does not fit"},
		{"view of negative size", view(0, -1), "does not fit"},
		{"view from nowhere", view(-1, 1), "does not fit"},
		{"tensor beyond the view", view(0, 1), "beyond its storage of 1"},
	} {
		refuse(t, tt.name, tt.data, tt.want)
	}
}

func TestHostileZip(t *testing.T) {
	program := stateDictPickle("", floats("a", "0", 2))
	good := torchZip(t, program, file{"0", f32(1, 2)})
	for n := 4; n < len(good); n += 7 {
		refuse(t, "cut", good[:n], "zip archive")
	}
	flipped := bytes.Replace(good, f32(1, 2), f32(1, 3), 1)
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"checksum", flipped, "checksum"},
		{"empty", zipFile(t, zip.Store), "neither safetensors"}, // has no first file to begin with
		{"other files", zipFile(t, zip.Store, file{"a.txt", nil}, file{"b.txt", nil}), "2 files and no data.pkl"},
		{"two models", zipFile(t, zip.Store, file{"a/data.pkl", program}, file{"b/data.pkl", program}), "2 files data.pkl"},
		{"file twice", zipFile(t, zip.Store, file{"data.pkl", program}, file{"data.pkl", program}), "data.pkl is there twice"},
		{"zip in a zip in a zip", zipFile(t, zip.Store, file{"b.zip", zipFile(t, zip.Store, file{"c.pth", good})}), "1 files and no data.pkl"},
		{"text in a zip", zipFile(t, zip.Store, file{"a.txt", []byte("some text")}), "a.txt: neither safetensors"},
		{"big-endian", zipFile(t, zip.Store, file{"data.pkl", program}, file{"byteorder", []byte("big")}), `byte order "big"`},
		{"bomb around a file", zipFile(t, zip.Deflate, file{"a.safetensors", make([]byte, 8<<20)}), "unpacks to 8388608 bytes, want at most 1"},
		{"bomb", zipFile(t, zip.Deflate, file{"data.pkl", program}, file{"data/0", make([]byte, 1<<20)}), "unpacks to 1048576 bytes, want at most 8"},
	} {
		refuse(t, tt.name, tt.data, tt.want)
	}
}
