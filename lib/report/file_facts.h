// Questions to a file that its text, JSON and picture all ask.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "passerelle/blob/view.h"
#include "passerelle/graph/diagnostic.h"
#include "passerelle/nnapi/legality.h"

namespace passerelle::report {

struct OperationCount {
  std::string name;
  size_t count = 0;
  nnapi::FeatureLevel level = 0;  ///< the highest that one of them needs
};
/// Most frequent first, then by name.
std::vector<OperationCount> operation_counts(const blob::View& view);

/// From which level the operation is legal with the operands that it has.
nnapi::Legality operation_legality(const blob::View& view, const blob::Operation& operation);

size_t transposes(const blob::View& view);

bool is_constant(const blob::Operand& operand);
/// Bytes of all constants, each once.
uint64_t constant_bytes(const blob::View& view);

/// "1x3x224x224", "scalar"
std::string shape_text(Span<const uint32_t> dimensions);
/// "NCHW" or "NHWC" for four dimensions, else "-".
std::string layout_text(const blob::Port& port, blob::Layout layout);

graph::Origin origin_of(const blob::View& view, uint32_t operation);

const char* name(blob::Storage storage);

}  // namespace passerelle::report
