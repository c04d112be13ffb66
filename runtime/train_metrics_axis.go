package runtime

import (
	"math"
	"strconv"
)

// limits finds the ends of the axes.
func (c Chart) limits(x, y *axis) {
	x.from, y.from = math.Inf(1), math.Inf(1)
	x.to, y.to = math.Inf(-1), math.Inf(-1)
	for _, l := range c.Lines {
		for i := range min(len(l.X), len(l.Y)) {
			if !x.can(l.X[i]) || !y.can(l.Y[i]) {
				continue
			}
			v := l.Y[i]
			if y.log {
				v = math.Log10(v)
			}
			x.from, x.to = min(x.from, l.X[i]), max(x.to, l.X[i])
			y.from, y.to = min(y.from, v), max(y.to, v)
		}
	}
	if x.from > x.to { // no points at all
		x.from, x.to, y.from, y.to = 0, 1, 0, 1
	}
	if x.from > 0 && x.from < x.to/4 {
		x.from = 0
	}
	if y.from == y.to {
		y.from, y.to = y.from-0.5, y.to+0.5
	}
	if x.from == x.to {
		x.from, x.to = x.from-0.5, x.to+0.5
	}
	if c.To > c.From && (!y.log || c.From > 0) {
		y.from, y.to = c.From, c.To
		if y.log {
			y.from, y.to = math.Log10(c.From), math.Log10(c.To)
		}
		return
	}
	margin := (y.to - y.from) * 0.04
	if y.log || y.from != 0 {
		y.from -= margin
	}
	y.to += margin
}

// ticks gives about n round values.
func (a axis) ticks(n int) []float64 {
	if a.log {
		if out := a.logTicks(); len(out) > 2 {
			return out
		}
		return axis{from: math.Pow(10, a.from), to: math.Pow(10, a.to)}.ticks(n)
	}
	step := roundUp((a.to - a.from) / float64(n))
	var out []float64
	for i := math.Ceil(a.from/step - 1e-9); i*step <= a.to+step*1e-9; i++ {
		v := i * step
		if v == 0 {
			v = 0 // not -0
		}
		out = append(out, v)
	}
	return out
}

// roundUp gives 1, 2 or 5 times a power of ten.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if v <= f*power*(1+1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// logTicks are powers of ten, with 2 and 5 between them where there are few.
func (a axis) logTicks() []float64 {
	factors := []float64{1}
	if a.to-a.from < 3 {
		factors = []float64{1, 2, 5}
	}
	every := max(1, int((a.to-a.from)/8)) // decades
	var out []float64
	for e := int(math.Floor(a.from)); e <= int(math.Ceil(a.to)); e++ {
		if e%every != 0 {
			continue
		}
		for _, f := range factors {
			v := f * math.Pow(10, float64(e))
			if l := math.Log10(v); l >= a.from && l <= a.to {
				out = append(out, v)
			}
		}
	}
	return out
}

// tickText is short: 12 significant digits hide that 0.1·3 is not 0.3.
func tickText(v float64) string {
	if m := math.Abs(v); m >= 1e4 && m < 1e15 {
		for _, u := range []struct {
			value float64
			name  string
		}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
			if m >= u.value {
				return strconv.FormatFloat(round12(v/u.value), 'g', -1, 64) + u.name
			}
		}
	}
	return strconv.FormatFloat(round12(v), 'g', -1, 64)
}

func round12(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	return r
}
