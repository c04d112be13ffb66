// Command figures measures everything that cmd/resnetc/BENCHMARKS.md shows and
// writes its tables, and README's, without anybody's help:
//
//	go run ./cmd/resnetc/peers/figures -o DIR
//
// It runs "resnetc bench" once for each network and batch, in the repository's
// root, against all peers that setup.sh has installed, and for some networks tune and
// bench against what the cost model chooses.  Each run leaves a JSON file
// in DIR; a run whose file exists is skipped, so an interrupted measurement goes on
// where it stopped, and one line is measured again once its file is removed.  Then
// the tables between the lines "<!-- figures: NAME -->" and "<!-- end -->" of both pages
// are written anew from the files.
//
// Another CPU's figures go to a page of their own, which has such lines too:
//
//	go run ./cmd/resnetc/peers/figures -o DIR -page cmd/resnetc/BENCHMARKS-AVX2.md
//
// The machine should do nothing else meanwhile, which takes about half an hour with
// two cores of 2024, tuning not counted, and a quarter of an hour more the first time
// (see below).
// -dry-run prints the commands, -only REGEXP takes those that match, -render
// measures nothing, and -quick, into a folder of its own, tries everything with one
// run each, but tunes as ever: -only '([0-9]|train)$' leaves that out.
//
// PyTorch's compiler takes half a minute for each network, batch and number of
// threads when it meets them first; RESNETC_TORCH=optimize,contiguous in the
// environment leaves it out.
package main
