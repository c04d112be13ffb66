package pickle

import (
	"errors"
	"fmt"
	"math/big"
)

var errNoList = errors.New("APPEND to something that is no list")

func (m *machine) list() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.push(&List{items})
}

func (m *machine) append() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	return m.extend(v)
}

func (m *machine) appends() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.extend(items...)
}

func (m *machine) extend(items ...any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	l, ok := v.(*List)
	if !ok {
		return errNoList
	}
	l.Items = append(l.Items, items...)
	return nil
}

// tuple makes a tuple of the last n values.
func tuple(n int) func(*machine) error {
	return func(m *machine) error {
		t := make(Tuple, n)
		for i := n - 1; i >= 0; i-- {
			var err error
			if t[i], err = m.pop(); err != nil {
				return err
			}
		}
		return m.push(t)
	}
}

func (m *machine) tuple() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.push(Tuple(items))
}

func (m *machine) dict() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if err := m.push(&Dict{}); err != nil {
		return err
	}
	return m.setAll(items)
}

func (m *machine) setItem() error {
	value, err := m.pop()
	if err != nil {
		return err
	}
	key, err := m.pop()
	if err != nil {
		return err
	}
	return m.setAll([]any{key, value})
}

func (m *machine) setItems() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.setAll(items)
}

func (m *machine) setAll(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	d, ok := v.(*Dict)
	if !ok {
		return errors.New("SETITEM on something that is no dict")
	}
	if len(items)%2 != 0 {
		return errors.New("SETITEMS with a key that has no value")
	}
	for i := 0; i < len(items); i += 2 {
		d.Set(items[i], items[i+1])
	}
	return nil
}

// build sets attributes of an object.  Only a dict may have them: PyTorch gives
// its state_dicts a _metadata, which says nothing about the weights.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := v.(*Dict); !ok {
		return fmt.Errorf("BUILD sets attributes of %s; only a dict may have them", kind(v))
	}
	return nil
}

// kind names a value's type as Python does.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a str"
	case []byte:
		return "bytes"
	case Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dict"
	case Callable:
		return "a function"
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprintf("%T", v)
	}
}
