// How element-wise operations on more than four dimensions fold them: neighbours alike, so that no RESHAPE lies
// between.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "editor.h"

namespace passerelle::passes {

/// Where each run of dimensions that are joined begins, the first at 0.
using RunStarts = std::vector<size_t>;

/// `shape` with each run of dimensions joined to one.
Shape folded(const Shape& shape, const RunStarts& starts);

/// The shape with dimensions of size 1 put in front.
Shape raised(const Shape& shape, size_t rank);

/// Made before the graph is taken apart; asked by the id of an operation's (first) result.
class ElementwiseFolds {
 public:
  explicit ElementwiseFolds(const Graph& graph);

  /// Element-wise operations that are connected by operands share one answer, and it suits the operations around them
  /// (SLICE, CONCATENATION, TRANSPOSE, ...), wherever that needs no more than `highest_rank` dimensions. Else each
  /// operation has its own. None where even that needs more.
  std::optional<RunStarts> of(OperandId result) const;

 private:
  std::vector<std::optional<RunStarts>> starts_;  // by operand
};

}  // namespace passerelle::passes
