// Package crash proves that a log keeps its promises when the machine dies: its
// tests run long scripts of the broker's partitions on a disk in memory, take
// crash images of that disk before and after everything that changes it, open
// each image as a start does, and compare it with what was promised. It holds
// no code of the broker, and its tests are all there is in it.
// Kind: test
package crash
