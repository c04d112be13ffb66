package tune

import (
	"os"
	goruntime "runtime"
	"strings"
)

// CPU names this machine's CPU, as far as the system tells.
func CPU() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return goruntime.GOOS + "/" + goruntime.GOARCH
	}
	return cpuName(string(text))
}

// cpuName takes the name out of Linux's /proc/cpuinfo; family and model tell apart
// what some hypervisors call by one name.
func cpuName(info string) string {
	field := map[string]string{}
	for line := range strings.Lines(info) {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); ok && field[name] == "" {
			field[name] = strings.TrimSpace(value)
		}
	}
	parts := []string{goruntime.GOARCH}
	for _, f := range []struct{ name, prefix string }{
		{"model name", ""}, {"cpu family", "family "}, {"model", "model "},
		{"CPU implementer", "implementer "}, {"CPU part", "part "},
	} {
		if v := field[f.name]; v != "" {
			parts = append(parts, f.prefix+v)
		}
	}
	return strings.Join(parts, ", ")
}
