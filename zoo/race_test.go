//go:build race

package zoo

// raceEnabled says whether the race detector is on.
const raceEnabled = true
