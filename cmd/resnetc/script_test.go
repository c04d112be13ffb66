package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"resnetc": main, "fakepeer": fakePeer})
}

// TestScript runs testdata/script: each file is a command and what it prints,
// its exit status and what it leaves behind.
func TestScript(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	goEnv, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		t.Skipf("the scripts build programs with the go command: %v", err)
	}
	dirs := strings.Split(strings.TrimSpace(string(goEnv)), "\n")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			// What a command leaves behind, it leaves here.
			tmp := filepath.Join(e.WorkDir, ".tmp")
			e.Setenv("TMPDIR", tmp)
			e.Setenv("REPO", repo)
			// The first folder of PATH holds resnetc and nothing else.
			e.Setenv("RESNETC_ONLY", filepath.SplitList(e.Getenv("PATH"))[0])
			e.Setenv("SHARED", filepath.Join(repo, "..", "shared"))
			e.Setenv("GOCACHE", dirs[0])
			e.Setenv("GOMODCACHE", dirs[1])
			e.Setenv("GOPATH", dirs[2])
			e.Setenv("GOPROXY", "off")
			e.Setenv("GOSUMDB", "off")
			return os.MkdirAll(tmp, 0o777)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "shared":
				_, err := os.Stat(filepath.Join(repo, "..", "shared", "README.md"))
				return err == nil, nil
			case "root":
				return os.Geteuid() == 0, nil
			case "tmpfs":
				return canMount(), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: scriptCommands,
	})
}
