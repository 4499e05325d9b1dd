// Graphs to write files of, and what a reader may do with any file that it accepts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/blob/view.h"
#include "passerelle/blob/write.h"
#include "passerelle/graph/graph.h"

namespace passerelle::blob_test {

/// Values 0, 1, 2, ... plus `first`.
graph::Constant counting(graph::Shape shape, float first = 0);

/// One of everything that a file can hold: float and quantized convolutions, per-channel scales, an omitted tensor, two
/// outputs of one operation, a variadic argument, all kinds of scalars, converted layouts, ports of rank 0, origins.
graph::Module rich_graph();

/// An IF, and a WHILE of three iterations whose body has an IF: format version 2.
graph::Module branching_module();

/// One ADD of an input of shape {count} and each of the constants in turn.
graph::Module sum_graph(const std::vector<graph::Constant>& constants);

blob::WriteOptions options(nnapi::FeatureLevel level = 4);

/// The file's bytes; std::runtime_error where writing fails.
std::vector<unsigned char> written(const graph::Module& module,
                                   const blob::WriteOptions& options = blob_test::options());

/// Bytes of the head with its size prefix.
size_t head_size(const std::vector<unsigned char>& file);

/// Writes the head's digest anew after the head was changed.
void reseal(std::vector<unsigned char>& file);

/// Reads everything that the view tells, and throws std::logic_error where two of the things don't fit together. The
/// sum keeps the compiler from leaving the reads out.
uint64_t walk(const blob::View& view);

}  // namespace passerelle::blob_test
