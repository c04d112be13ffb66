package pickle

import (
	"strconv"
	"testing"
)

// every holds an instruction of each kind, with operands.
const every = "\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00" +
	"(N\x88\x89J\x01\x00\x00\x00K\x01M\x01\x00\x8a\x01\x01\x8b\x01\x00\x00\x00\x01G\x00\x00\x00\x00\x00\x00\x00\x00" +
	"X\x01\x00\x00\x00a\x8c\x01a\x8d\x01\x00\x00\x00\x00\x00\x00\x00aT\x01\x00\x00\x00aU\x01aB\x01\x00\x00\x00aC\x01a" +
	"\x8e\x01\x00\x00\x00\x00\x00\x00\x00a]q\x01Na(NNer\x02\x00\x00\x00(Nl\x94h\x01j\x02\x00\x00\x00" +
	")N\x85NN\x86NNN\x87}U\x01kNs(U\x01lNu}b(U\x01kNd" +
	"cm\ndouble\nK\x04\x85R\x8c\x01m\x8c\x06double\x93K\x04\x85RU\x01kQN0(N12t."

// A pickle that is cut anywhere, or has a byte changed, gives an error or some
// value, and nothing else.
func TestDamaged(t *testing.T) {
	if _, n, err := Load([]byte(every), config); err != nil || n != len(every) {
		t.Fatalf("%d bytes are read, want %d; error %v", n, len(every), err)
	}
	for n := range len(every) {
		if _, _, err := Load([]byte(every[:n]), config); err == nil {
			t.Errorf("the first %d bytes give no error", n)
		}
	}
	damaged := []byte(every)
	for i := range damaged {
		for v := range 256 {
			damaged[i] = byte(v)
			if _, n, err := Load(damaged, config); err == nil && n > len(damaged) {
				t.Errorf("byte %d changed to %#02x: %d bytes are read of %d", i, v, n, len(damaged))
			}
		}
		damaged[i] = every[i]
	}
}

// Errors name what the pickle used wrongly, in Python's words.
func TestKinds(t *testing.T) {
	for pickle, want := range map[string]string{
		"N": "None", "\x88": "a bool", "K\x01": "an int", "\x8a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f": "an int",
		"G\x00\x00\x00\x00\x00\x00\x00\x00": "a float", "U\x01a": "a str", "C\x01a": "bytes", ")": "a tuple",
		"]": "a list", "}": "a dict",
	} {
		_, _, err := Load([]byte(pickle+")R."), config)
		if full := "pickle, byte " + strconv.Itoa(len(pickle)+1) + ": REDUCE calls " + want + ", which is no function"; err == nil || err.Error() != full {
			t.Errorf("%q: error %v, want %s", pickle, err, full)
		}
	}
}
