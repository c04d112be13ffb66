package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// token is one word, string or punctuation mark of a line.
type token struct {
	kind byte // 'w' word, 's' string, 0 end of the line; otherwise the mark itself
	text string
	col  int // 1-based, in bytes
}

// String names the token in an error.
func (t token) String() string {
	switch t.kind {
	case 0:
		return "the end of the line"
	case 's':
		return "the string " + strconv.Quote(t.text)
	}
	return strconv.Quote(t.text)
}

func wordChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_./:-+", c) >= 0
}

// lex splits a line into tokens, without its comment; the last one has kind 0.
func lex(line string) ([]token, *lineError) {
	var out []token
	i := 0
	for i < len(line) {
		c, start := line[i], i
		switch {
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case strings.HasPrefix(line[i:], "//"):
			i = len(line)
		case wordChar(c):
			for i < len(line) && wordChar(line[i]) && !strings.HasPrefix(line[i:], "//") {
				i++
			}
			word := line[start:i]
			// A colon that ends a word separates a name from its type.
			name := strings.TrimSuffix(word, ":")
			if name != "" {
				out = append(out, token{'w', name, start + 1})
			}
			if name != word {
				out = append(out, token{':', ":", i})
			}
		case c == '"':
			s, err := strconv.QuotedPrefix(line[i:])
			if err != nil {
				return nil, &lineError{start + 1, "this string does not end, or has a bad escape"}
			}
			text, err := strconv.Unquote(s)
			if err != nil {
				return nil, &lineError{start + 1, "bad string " + s}
			}
			i += len(s)
			out = append(out, token{'s', text, start + 1})
		case strings.IndexByte("=(){}[],@", c) >= 0:
			i++
			out = append(out, token{c, string(c), start + 1})
		default:
			r := []rune(line[i:min(len(line), i+4)])[0]
			return nil, &lineError{start + 1, fmt.Sprintf("unexpected character %q; put a name that has it between double quotes", r)}
		}
	}
	return append(out, token{0, "", len(line) + 1}), nil
}

// lineError is an error at a column of the current line.
type lineError struct {
	col int
	msg string
}
