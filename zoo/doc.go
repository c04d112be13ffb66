// Package zoo describes residual networks: one row of [Models] per
// architecture, and one builder that turns any row into an [ir.Graph].
//
// A graph has the input "input", N,3,H,W, and two outputs: the logits, N,classes,
// and the features, N,channels, which are what global average pooling leaves and
// what the classifier reads.  There is no softmax.  Parameters carry no data;
// their names are those of torchvision's state_dict, and for the CIFAR networks
// conv1, bn1, layerS.B.convK, layerS.B.bnK, layerS.B.downsample.{0,1} and linear,
// with S from 1 to 3.  Weights are bound by zoo/weights, or made up by [Formula].
//
// Node names are torchvision's module names, with a number where torchvision runs
// a module twice (layer1.0.relu1) and with names of their own for what PyTorch
// does in code: layer1.0.add, layer2.0.shortcut.subsample, layer2.0.shortcut.pad.
//
// To add an architecture, add a row.  A row is data: a block, the number of
// blocks in each stage, a kind of shortcut, and the family (stem, head, input and
// preprocessing) that it belongs to.
package zoo
