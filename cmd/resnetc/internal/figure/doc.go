// Package figure draws charts as SVG or PNG, several on a page.
//
// Generated trainers draw their own curves, in plain SVG and without any
// library; this package draws the same [runtime.Chart] values with gonum/plot,
// where they become pictures for a page or a paper.
package figure
