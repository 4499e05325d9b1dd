// What a rewrite works with: the graph under construction, the target, and the operations that rewrites are made of.
//
// A rewrite may emit what the target lacks as well: the driver (legalise.cpp) rewrites that in turn.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "editor.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/support/span.h"

namespace passerelle::passes {

/// Before layout a rewrite must not depend on how tensors lie: element-wise, or named axes, or TRANSPOSEs around what
/// it needs. After it, tensors lie as they will, and any RESHAPE of them is free.
enum class Stage { before_layout, after_layout };

/// A tensor seen around one of its dimensions: [outer, size, inner].
struct AroundAxis {
  uint32_t outer = 1;
  uint32_t size = 1;
  uint32_t inner = 1;
};
AroundAxis around(const Shape& shape, size_t axis);

/// What must be known of the graph as a whole, before it is taken apart.
struct GraphFacts {
  bool has_infinities = false;      ///< a constant is infinite or not a number
  std::set<OperandId> free_inputs;  ///< of the model, read once: what NNAPI takes may have any shape of that size
};

class Rewriter {
 public:
  Rewriter(Editor& editor, nnapi::FeatureLevel level, Stage stage, GraphFacts facts)
      : editor_(editor), level_(level), stage_(stage), facts_(std::move(facts)) {}

  Graph& graph() { return editor_.graph(); }
  const Graph& graph() const { return editor_.graph(); }
  Editor& editor() { return editor_; }
  nnapi::FeatureLevel level() const { return level_; }
  Stage stage() const { return stage_; }
  /// Then nothing may be picked by a product with zeros and ones: 0 times infinity is not 0.
  bool has_infinities() const { return facts_.has_infinities; }
  /// Whether it is enough to give the operand another shape: no one but its only reader sees it.
  bool is_free_input(OperandId id) const { return facts_.free_inputs.count(id) != 0; }

  const TensorType& type(OperandId id) const { return editor_.graph().type(id); }
  Shape shape(OperandId id) const { return editor_.graph().shape(id); }  // a copy: operands move when one is added
  bool is_float(OperandId id) const { return type(id).type == OperandType::TENSOR_FLOAT32; }
  /// The constant's only value, where all its elements are one float32 number.
  std::optional<float> uniform_value(OperandId id) const;
  /// The operation that made the operand, among those written so far.
  const Operation* producer(OperandId id) const;
  /// To be called where the operations written so far become fewer.
  void taken_back(size_t kept) { indexed_ = std::min(indexed_, kept); }

  /// The rewritten operation's result is `value` from here on.
  void replace(const Operation& operation, OperandId value) { editor_.replace(operation.output(), value); }

  OperandId emit(OperationType type, graph::NamedArguments arguments, TensorType output) {
    return editor_.emit(type, arguments, std::move(output));
  }
  OperandId unary(OperationType type, OperandId input) { return editor_.unary(type, input); }
  /// `b` is broadcast to the shape of `a`.
  OperandId binary(OperationType type, OperandId a, OperandId b) { return editor_.binary(type, a, b); }
  OperandId binary(OperationType type, OperandId a, float b) { return binary(type, a, scalar(b, a)); }
  OperandId negated(OperandId value);
  /// Of shape {1}, with the element type of `like`.
  OperandId scalar(float value, OperandId like);
  OperandId floats(std::vector<float> values, Shape shape);
  OperandId reshape(OperandId value, const Shape& shape) { return editor_.reshape(value, shape); }
  OperandId transpose(OperandId value, const Permutation& permutation) { return editor_.transpose(value, permutation); }
  /// Elements begin, begin + step, ... (`count` of them) of one dimension.
  OperandId slice(OperandId value, size_t axis, uint32_t begin, uint32_t count, uint32_t step = 1);
  OperandId concatenate(const std::vector<OperandId>& values, size_t axis);
  OperandId gather(OperandId value, size_t axis, const std::vector<int32_t>& indices);
  /// Each element of the dimension `times` times, one beside the other.
  OperandId repeat(OperandId value, size_t axis, uint32_t times);
  /// Repeats dimensions of size 1, as broadcasting does. Ranks are raised at the front.
  OperandId broadcast(OperandId value, const Shape& shape);
  /// MAX_POOL_2D or AVERAGE_POOL_2D without padding over windows that do not overlap.
  OperandId pool(OperationType type, OperandId nhwc, uint32_t height, uint32_t width);

 private:
  Editor& editor_;
  nnapi::FeatureLevel level_;
  Stage stage_;
  GraphFacts facts_;
  mutable std::vector<size_t> made_by_;  // by operand, of the first indexed_ operations
  mutable size_t indexed_ = 0;
};

/// Puts something else in the operation's place; false where it can't: then the operation stays, and is reported.
using RewriteFunction = bool (*)(Rewriter&, const Operation&);

struct Rewrite {
  OperationType type;
  Stage stage;
  RewriteFunction function;
  bool serves_integers = false;  ///< it does for quantized tensors what it does for floats
};

// One table a subject. An operation with several rows tries them in order.
Span<const Rewrite> quantization_rewrites();  // of quantized tensors; all others are of floats where they compute
Span<const Rewrite> elementwise_rewrites();
Span<const Rewrite> power_rewrites();
Span<const Rewrite> integer_rewrites();
Span<const Rewrite> slicing_rewrites();
Span<const Rewrite> gathering_rewrites();
Span<const Rewrite> padding_rewrites();
Span<const Rewrite> transposition_rewrites();
Span<const Rewrite> reduction_rewrites();
Span<const Rewrite> normalisation_rewrites();
Span<const Rewrite> convolution_rewrites();
Span<const Rewrite> transposed_convolution_rewrites();
Span<const Rewrite> resize_rewrites();
Span<const Rewrite> batch_matmul_rewrites();

}  // namespace passerelle::passes
