package runtime

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Metric is a row of metrics.jsonl and metrics.csv.
type Metric struct {
	Kind     string  `json:"kind"`  // "train": one step, "test": all of the test data
	Step     int     `json:"step"`  // steps done; a train row's is the one that it is about
	Epoch    float64 `json:"epoch"` // epochs done
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"` // 0 to 1; of a train row, of its batch
	LR       float64 `json:"lr,omitempty"`
	Rate     float64 `json:"images_per_second,omitempty"`
}

const metricsHeader = "kind,step,epoch,loss,accuracy,lr,images_per_second\n"

// metricsLog appends rows to two files.
type metricsLog struct {
	jsonl, csv *os.File
	lines, row *bufio.Writer
	buffer     []byte
}

// openMetrics opens the files of a run that goes on after a step, whose test
// data have been evaluated or not: rows beyond that, which a killed process may
// have left, are cut off, and so is a row that is not complete.
func openMetrics(dir string, step int, evaluated bool) (*metricsLog, error) {
	m := &metricsLog{}
	keep := func(kind string, at int) bool {
		return at < step || at == step && (kind == "train" || evaluated)
	}
	var err error
	if m.jsonl, err = openCut(filepath.Join(dir, "metrics.jsonl"), func(line []byte) bool {
		var row Metric
		return json.Unmarshal(line, &row) == nil && keep(row.Kind, row.Step)
	}); err != nil {
		return nil, err
	}
	if m.csv, err = openCut(filepath.Join(dir, "metrics.csv"), func(line []byte) bool {
		fields := strings.Split(string(line), ",")
		if len(fields) != strings.Count(metricsHeader, ",")+1 {
			return false
		}
		n, err := strconv.Atoi(fields[1])
		return string(line)+"\n" == metricsHeader || err == nil && keep(fields[0], n)
	}); err != nil {
		return nil, errors.Join(err, m.jsonl.Close())
	}
	m.lines, m.row = bufio.NewWriter(m.jsonl), bufio.NewWriter(m.csv)
	if at, err := m.csv.Seek(0, io.SeekCurrent); err == nil && at == 0 {
		m.row.WriteString(metricsHeader)
	}
	return m, nil
}

// openCut opens a file to append to it, cut off before the first line that is
// not to be kept.
func openCut(path string, keep func(line []byte) bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	end := int64(0)
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadBytes('\n')
		if err != nil || !keep(line[:len(line)-1]) {
			break
		}
		end += int64(len(line))
	}
	if err = f.Truncate(end); err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, nil
}

// add writes a row to both files, at the latest when flush is called.
func (m *metricsLog) add(r Metric) error {
	b := append(m.buffer[:0], `{"kind":"`...)
	b = append(b, r.Kind...)
	b = strconv.AppendInt(append(b, `","step":`...), int64(r.Step), 10)
	bits := 64 // of a mean
	if r.Kind == "train" {
		bits = 32 // of the step's loss, which the shortest text gives back
	}
	fields := [...]struct {
		name  string
		value float64
		bits  int
		skip  bool
	}{
		{"epoch", r.Epoch, 64, false}, {"loss", r.Loss, bits, false}, {"accuracy", r.Accuracy, 64, false},
		{"lr", r.LR, 32, r.Kind != "train"}, {"images_per_second", r.Rate, 32, r.Kind != "train"},
	}
	for _, f := range fields {
		if f.skip {
			continue
		}
		b = append(append(append(b, `,"`...), f.name...), `":`...)
		if math.IsNaN(f.value) || math.IsInf(f.value, 0) {
			b = append(b, "null"...) // JSON has no other word for it
			continue
		}
		b = strconv.AppendFloat(b, f.value, 'g', -1, f.bits)
	}
	b = append(b, "}\n"...)
	if _, err := m.lines.Write(b); err != nil {
		return err
	}
	b = strconv.AppendInt(append(append(b[:0], r.Kind...), ','), int64(r.Step), 10)
	for _, f := range fields {
		if b = append(b, ','); !f.skip {
			b = strconv.AppendFloat(b, f.value, 'g', -1, f.bits)
		}
	}
	m.buffer = append(b, '\n')
	_, err := m.row.Write(m.buffer)
	return err
}

// flush hands the rows to the system, with sync to the disk.
func (m *metricsLog) flush(sync bool) error {
	err := errors.Join(m.lines.Flush(), m.row.Flush())
	if sync && err == nil {
		err = errors.Join(m.jsonl.Sync(), m.csv.Sync())
	}
	return err
}

func (m *metricsLog) close() error {
	return errors.Join(m.flush(false), m.jsonl.Close(), m.csv.Close())
}

// ReadMetrics reads metrics.jsonl from the folder of a run.  A loss that was
// not a number is NaN.
func ReadMetrics(dir string) ([]Metric, error) {
	path := filepath.Join(dir, "metrics.jsonl")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no run: there is no metrics.jsonl in it", dir)
	}
	if err != nil {
		return nil, err
	}
	var rows []Metric
	for n := 1; len(b) > 0; n++ {
		line, after, complete := bytes.Cut(b, []byte{'\n'})
		if b = after; !complete {
			break // being written
		}
		var row Metric
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if bytes.Contains(line, []byte(`"loss":null`)) {
			row.Loss = math.NaN()
		}
		rows = append(rows, row)
	}
	return rows, nil
}
