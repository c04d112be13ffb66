package pickle

// instruction is one opcode; without run it is known and refused.
type instruction struct {
	name string
	run  func(*machine) error
}

// instructions has one row per opcode, named as in Python's pickletools.
var instructions = [256]instruction{
	0x80: {"PROTO", skip(1)},
	0x95: {"FRAME", skip(8)},
	'.':  {"STOP", (*machine).stop},

	'(':  {"MARK", (*machine).mark},
	'0':  {"POP", (*machine).drop},
	'1':  {"POP_MARK", func(m *machine) error { _, err := m.popMark(); return err }},
	'2':  {"DUP", (*machine).dup},
	'q':  {"BINPUT", put(1)},
	'r':  {"LONG_BINPUT", put(4)},
	0x94: {"MEMOIZE", (*machine).memoize},
	'h':  {"BINGET", get(1)},
	'j':  {"LONG_BINGET", get(4)},

	'N':  {"NONE", constant(nil)},
	0x88: {"NEWTRUE", constant(true)},
	0x89: {"NEWFALSE", constant(false)},
	'J':  {"BININT", (*machine).int32},
	'K':  {"BININT1", unsigned(1)},
	'M':  {"BININT2", unsigned(2)},
	0x8a: {"LONG1", long(1)},
	0x8b: {"LONG4", long(4)},
	'G':  {"BINFLOAT", (*machine).float64},
	'X':  {"BINUNICODE", text(4)},
	0x8c: {"SHORT_BINUNICODE", text(1)},
	0x8d: {"BINUNICODE8", text(8)},
	'T':  {"BINSTRING", text(4)}, // Python 2's str
	'U':  {"SHORT_BINSTRING", text(1)},
	'B':  {"BINBYTES", bytes(4)},
	'C':  {"SHORT_BINBYTES", bytes(1)},
	0x8e: {"BINBYTES8", bytes(8)},

	']':  {"EMPTY_LIST", func(m *machine) error { return m.push(&List{}) }},
	'l':  {"LIST", (*machine).list},
	'a':  {"APPEND", (*machine).append},
	'e':  {"APPENDS", (*machine).appends},
	')':  {"EMPTY_TUPLE", tuple(0)},
	0x85: {"TUPLE1", tuple(1)},
	0x86: {"TUPLE2", tuple(2)},
	0x87: {"TUPLE3", tuple(3)},
	't':  {"TUPLE", (*machine).tuple},
	'}':  {"EMPTY_DICT", func(m *machine) error { return m.push(&Dict{}) }},
	'd':  {"DICT", (*machine).dict},
	's':  {"SETITEM", (*machine).setItem},
	'u':  {"SETITEMS", (*machine).setItems},

	'c':  {"GLOBAL", (*machine).global},
	0x93: {"STACK_GLOBAL", (*machine).stackGlobal},
	'R':  {"REDUCE", (*machine).reduce},
	'b':  {"BUILD", (*machine).build},
	'Q':  {"BINPERSID", (*machine).persistent},

	'i':  {name: "INST"},
	'o':  {name: "OBJ"},
	0x81: {name: "NEWOBJ"},
	0x92: {name: "NEWOBJ_EX"},
	0x82: {name: "EXT1"},
	0x83: {name: "EXT2"},
	0x84: {name: "EXT4"},
	0x97: {name: "NEXT_BUFFER"},
}
