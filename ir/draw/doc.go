// Package draw makes pictures of a graph: as DOT, for Graphviz, and as SVG with
// a layout of its own, for a browser.
//
// The SVG runs from top to bottom.  The longest path from an input to the first
// output goes straight down in the first column; a value that skips part of it
// bends around on the left, and whatever else is computed beside it, such as a
// projection shortcut, stands in columns on the right.  Nodes whose names share
// a block's prefix (layer1.0) stand on a common ground.  Parameters are not
// drawn: the shape of a weight stands in its node's box, and a box's tooltip is
// the node's line in the text form.
package draw
