// The border of a part: PyTorch's NNAPI class takes float32, int32 and quint8, and no other type.
#pragma once

#include <optional>
#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/partition/cut.h"

namespace passerelle::converter {

/// What a tensor of this type is carried as, by a cast around the call; nothing where there is no such type.
std::optional<graph::ElementType> carried_type(graph::ElementType type);

/// A part as a model that takes and returns carried types. `original`: which operator of the whole model each of its
/// own is, or belongs to.
struct Bordered {
  trace::Trace trace;
  std::vector<trace::NodeId> original;
};
Bordered with_border(const trace::Trace& whole, const partition::Part& part);

/// The operators of a part that hand over, or are handed, what can't be carried.
std::vector<graph::Diagnostic> refused_at_border(const trace::Trace& whole, const partition::Part& part);

}  // namespace passerelle::converter
