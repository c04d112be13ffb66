package pickle

import (
	"errors"
	"fmt"
)

func (m *machine) global() error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	return m.resolve(module, name)
}

func (m *machine) stackGlobal() error {
	n, err := m.pop()
	if err != nil {
		return err
	}
	mod, err := m.pop()
	if err != nil {
		return err
	}
	name, ok := n.(string)
	module, ok2 := mod.(string)
	if !ok || !ok2 {
		return errors.New("STACK_GLOBAL with a name that is no str")
	}
	return m.resolve(module, name)
}

func (m *machine) resolve(module, name string) error {
	v, err := m.Global(module, name)
	if err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) reduce() error {
	a, err := m.pop()
	if err != nil {
		return err
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	args, ok := a.(Tuple)
	if !ok {
		return fmt.Errorf("REDUCE with %s for arguments, want a tuple", kind(a))
	}
	call, ok := f.(Callable)
	if !ok {
		return fmt.Errorf("REDUCE calls %s, which is no function", kind(f))
	}
	v, err := call(args)
	if err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) persistent() error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	v, err := m.Persistent(id)
	if err != nil {
		return err
	}
	return m.push(v)
}
