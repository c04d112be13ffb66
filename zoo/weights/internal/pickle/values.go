package pickle

// A pickle's values are nil, bool, int64, *big.Int (beyond int64), float64,
// string, []byte, [Tuple], *[List], *[Dict], and whatever [Config] supplies.
type (
	// Tuple is a Python tuple.
	Tuple []any
	// List is a Python list.
	List struct{ Items []any }
	// Callable is a function that a pickle may call.
	Callable func(args Tuple) (any, error)
)

// Dict is a Python dict or OrderedDict, in the order of insertion.
type Dict struct {
	Entries []Entry
	byName  map[string]int // the place of each string key in Entries
}

// Entry is one item of a [Dict].
type Entry struct{ Key, Value any }

// Set adds an entry; one with the same string as its key is replaced, as Python does.
func (d *Dict) Set(key, value any) {
	if s, ok := key.(string); ok {
		if i, ok := d.byName[s]; ok {
			d.Entries[i].Value = value
			return
		}
		if d.byName == nil {
			d.byName = map[string]int{}
		}
		d.byName[s] = len(d.Entries)
	}
	d.Entries = append(d.Entries, Entry{key, value})
}

// Get returns the value of a string key.
func (d *Dict) Get(key string) (any, bool) {
	i, ok := d.byName[key]
	if !ok {
		return nil, false
	}
	return d.Entries[i].Value, true
}
