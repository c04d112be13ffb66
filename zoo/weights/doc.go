// Package weights reads the parameters of a network from a file and binds them
// to a graph by name.
//
// [Load] tells formats apart by their content, never by the file's name:
//
//   - safetensors;
//   - what PyTorch's torch.save writes: the zip format (since 1.6) and the older
//     one that begins with a magic number, with a state_dict or a checkpoint
//     that holds one;
//   - a zip archive around a single file of these.
//
// A file is untrusted.  Pickles are run by zoo/weights/internal/pickle, which
// can make plain data and tensors and nothing else; every length, offset and
// shape is checked against what the file really holds before it is used, and all
// numbers are little-endian whatever the machine.  Errors name the file and the
// tensor, and say what was expected.
package weights
