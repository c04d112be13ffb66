package pickle

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// config knows one function, which doubles a number, and persistent ids that
// are strings.
var config = Config{
	Global: func(module, name string) (any, error) {
		if module == "m" && name == "double" {
			return Callable(func(args Tuple) (any, error) {
				if n, ok := args[0].(int64); ok {
					return 2 * n, nil
				}
				return nil, errors.New("double: want an int")
			}), nil
		}
		return nil, errors.New("no name " + module + "." + name)
	},
	Persistent: func(id any) (any, error) {
		if s, ok := id.(string); ok {
			return "object " + s, nil
		}
		return nil, errors.New("a bad id")
	},
}

// compare looks through pointers, and at integers by value.
var compare = cmp.Options{
	cmpopts.IgnoreUnexported(Dict{}),
	cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
}

func TestLoad(t *testing.T) {
	long, _ := new(big.Int).SetString("1950a86a20f9469cfc6c", 16)
	for _, tt := range []struct {
		name, pickle string
		want         any
	}{
		{"none", "\x80\x02N.", nil},
		{"bools", "\x88\x89\x86.", Tuple{true, false}},
		{"BININT1", "K\xff.", int64(255)},
		{"BININT2", "M\xe9\x03.", int64(1001)},
		{"BININT", "J\xfe\xff\xff\xff.", int64(-2)},
		{"LONG1 of no bytes", "\x8a\x00.", int64(0)},
		{"LONG1 negative", "\x8a\x02\x00\xff.", int64(-256)},
		{"LONG1 positive with a zero on top", "\x8a\x02\xff\x00.", int64(255)},
		{"LONG1 magic", "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", long},
		{"LONG4", "\x8b\x01\x00\x00\x00\x07.", int64(7)},
		{"BINFLOAT", "G\x3f\xf8\x00\x00\x00\x00\x00\x00.", 1.5},
		{"BINUNICODE", "X\x03\x00\x00\x00abc.", "abc"},
		{"SHORT_BINUNICODE", "\x8c\x02\xc3\xa9.", "é"},
		{"BINUNICODE8", "\x8d\x01\x00\x00\x00\x00\x00\x00\x00z.", "z"},
		{"BINSTRING", "T\x01\x00\x00\x00s.", "s"},
		{"SHORT_BINSTRING", "U\x01s.", "s"},
		{"bytes", "C\x01a.", []byte("a")},
		{"list", "]K\x01a(K\x02K\x03e.", &List{[]any{int64(1), int64(2), int64(3)}}},
		{"LIST", "(K\x01K\x02l.", &List{[]any{int64(1), int64(2)}}},
		{"TUPLE3", "K\x03K\x04K\x05\x87.", Tuple{int64(3), int64(4), int64(5)}},
		{"TUPLE", "((K\x01t)t.", Tuple{Tuple{int64(1)}, Tuple{}}},
		{"dict", "}U\x01aK\x01s(U\x01bK\x02K\x07Nu.", &Dict{Entries: []Entry{{"a", int64(1)}, {"b", int64(2)}, {int64(7), nil}}}},
		{"DICT", "(U\x01aNd.", &Dict{Entries: []Entry{{"a", nil}}}},
		{"a key again", "}U\x01aK\x01sU\x01aK\x02s.", &Dict{Entries: []Entry{{"a", int64(2)}}}},
		{"memo", "]q\x05K\x01a0h\x05.", &List{[]any{int64(1)}}},
		{"memo in protocol 4", "\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94h\x00\x86.", Tuple{"a", "a"}},
		{"LONG_BINPUT", "K\x01r\x00\x00\x00\x01j\x00\x00\x00\x01\x86.", Tuple{int64(1), int64(1)}},
		{"POP_MARK and DUP", "K\x01(K\x0212\x86.", Tuple{int64(1), int64(1)}},
		{"REDUCE", "cm\ndouble\nK\x04\x85R.", int64(8)},
		{"STACK_GLOBAL", "\x8c\x01m\x8c\x06double\x93K\x04\x85R.", int64(8)},
		{"BUILD on a dict", "}}U\x01aK\x01sb.", &Dict{}},
		{"BINPERSID", "U\x01kQ.", "object k"},
	} {
		got, n, err := Load([]byte(tt.pickle+"rest"), config)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if n != len(tt.pickle) {
			t.Errorf("%s: %d bytes are read, want %d", tt.name, n, len(tt.pickle))
		}
		if diff := cmp.Diff(tt.want, got, compare); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for _, tt := range []struct{ name, pickle, want string }{
		{"nothing", "", "ends before its STOP"},
		{"no stop", "\x80\x02N", "ends before its STOP"},
		{"cut argument", "M\x01", "middle of an instruction"},
		{"cut string", "X\xff\xff\xff\xffabc", "a string of 4294967295 bytes, but only 3 are left"},
		{"huge string", "\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc", "a string of 18446744073709551615 bytes"},
		{"huge bytes", "\x8e\x00\x00\x00\x00\x00\x00\x00\x80abc", "a string of 9223372036854775808 bytes"},
		{"huge integer", "\x8b\xff\xff\xff\x7f", "an integer of 2147483647 bytes, want at most"},
		{"stop with two values", "NN.", "2 values on the stack"},
		{"stop with none", ".", "0 values on the stack"},
		{"stop with a mark", "(.", "1 values on the stack"},
		{"POP of nothing", "0N.", "operand missing"},
		{"POP of a mark", "(0N.", "operand missing"},
		{"tuple below a mark", "N(\x85.", "operand missing"},
		{"DUP of nothing", "2.", "operand missing"},
		{"no mark", "Nt.", "no MARK"},
		{"memo unwritten", "h\x05.", "memo 5 is read before"},
		{"memo of nothing", "q\x05.", "operand missing"},
		{"append to a tuple", ")Na.", "no list"},
		{"item of a list", "]NNs.", "no dict"},
		{"key without value", "}(Nu.", "no value"},
		{"unknown global", "cos\nsystem\n.", "no name os.system"},
		{"unknown global in protocol 4", "\x8c\x02os\x8c\x06system\x93.", "no name os.system"},
		{"global that is no name", "NN\x93.", "no str"},
		{"cut global", "cos", "middle of an instruction"},
		{"call of a string", "U\x01fN\x85R.", "calls a str"},
		{"call with a list", "cm\ndouble\n]R.", "a list for arguments"},
		{"failing call", "cm\ndouble\nN\x85R.", "double: want an int"},
		{"bad id", "NQ.", "a bad id"},
		{"attributes of a list", "]}b.", "sets attributes of a list"},
		{"attributes of an int", "K\x01}b.", "sets attributes of an int"},
		{"instance", "(ios\nsystem\n.", "instruction INST makes an object"},
		{"object", "(o.", "instruction OBJ makes"},
		{"new object", "N)\x81.", "instruction NEWOBJ makes"},
		{"extension", "\x82\x01.", "instruction EXT1 makes"},
		{"text protocol", "I1\n.", "unknown instruction 0x49"},
		{"unknown", "\xff.", "unknown instruction 0xff"},
		{"position", "NN\xff.", "byte 2: "},
	} {
		_, _, err := Load([]byte(tt.pickle), config)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// A list in itself is legal Python; it must not send anything round in circles.
func TestCycle(t *testing.T) {
	v, _, err := Load([]byte("]q\x00h\x00a."), config)
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := v.(*List); !ok || len(l.Items) != 1 || l.Items[0] != any(l) {
		t.Errorf("got %T, want a list of itself", v)
	}
}

func TestMaxObjects(t *testing.T) {
	if _, _, err := Load([]byte(strings.Repeat("N0", MaxObjects)+"N."), config); err == nil || !strings.Contains(err.Error(), "objects") {
		t.Errorf("error %v, want one that says how many objects", err)
	}
	// Deep nesting costs no recursion.
	if _, _, err := Load([]byte(strings.Repeat("]", 1000000)+strings.Repeat("a", 999999)+"."), config); err != nil {
		t.Error(err)
	}
}
