// Element-wise operations on several tensors, conversions, and BATCH_MATMUL.
#include <algorithm>
#include <string>

#include "rules.h"
#include "sizes.h"

namespace passerelle::nnapi::rules {
namespace {

std::string operation_name(const Call& call) { return std::string(name(call.operation())); }

}  // namespace

void broadcast(Call& call) {
  const OperandView& a = call.inputs()[0];
  const OperandView& b = call.inputs()[1];
  call.require(broadcastable(a.dimensions, b.dimensions),
               operation_name(call) + " can't broadcast " + shape_text(a) + " and " + shape_text(b));
}

void arithmetic(Call& call) {
  broadcast(call);
  const OperandView& a = call.inputs()[0];
  const OperandView& b = call.inputs()[1];
  bool fused = call.integer("activation").value_or(0) != 0;
  call.require(!(fused && call.type() == OperandType::TENSOR_INT32),
               operation_name(call) + " of TENSOR_INT32 has no fused activation");
  if (call.operation() != OperationType::MUL || !is_quantized(call.type())) return;
  call.require(call.output().scale > a.scale * b.scale,
               "MUL's output scale must be greater than the product of its inputs' scales");
}

void select(Call& call) {
  const OperandView* operands[] = {call.input("condition"), call.input("input1"), call.input("input2")};
  for (const OperandView* each : operands) {
    bool same = !has_rank(*each) || !has_rank(*operands[0]) ||
                std::equal(each->dimensions.begin(), each->dimensions.end(), operands[0]->dimensions.begin(),
                           operands[0]->dimensions.end(), [](uint32_t a, uint32_t b) { return !differ(a, b); });
    call.require(same, "SELECT doesn't broadcast: its inputs must have equal shapes, not " + shape_text(*operands[0]) +
                           " and " + shape_text(*each));
  }
}

void cast(Call& call) {
  const OperandView& input = call.inputs()[0];
  const OperandView& output = call.output();
  if (!has_rank(input) || !has_rank(output)) return;
  if (std::count(output.dimensions.begin(), output.dimensions.end(), 0u) > 0) return;
  call.require(input.dimensions.to_vector() == output.dimensions.to_vector(),
               "CAST keeps the shape: " + shape_text(input) + " can't become " + shape_text(output));
}

void batch_matmul(Call& call) {
  const OperandView& a = call.inputs()[0];
  const OperandView& b = call.inputs()[1];
  if (!has_rank(a) || !has_rank(b)) return;
  call.require(a.dimensions.size() == b.dimensions.size(),
               "BATCH_MATMUL's inputs must have the same rank, not " + shape_text(a) + " and " + shape_text(b));
}

}  // namespace passerelle::nnapi::rules

namespace passerelle::nnapi::shapes {

Shapes like_first(Call& call) { return {call.inputs()[0].dimensions.to_vector()}; }

Shapes broadcast(Call& call) {
  return {nnapi::broadcast(call, call.inputs()[0].dimensions.to_vector(), call.inputs()[1].dimensions.to_vector())};
}

Shapes select(Call& call) {
  return {agreed(call, agreed(call, call.sizes("condition"), call.sizes("input1")), call.sizes("input2"))};
}

Shapes batch_matmul(Call& call) {
  Sizes a = call.sizes("input1"), b = call.sizes("input2");
  if (a.size() < 2 || b.size() < 2) return {{}};
  const std::optional<bool> adj_x = call.boolean("adj_x"), adj_y = call.boolean("adj_y");
  const auto dimension = [](const Sizes& sizes, std::optional<bool> adjoint, bool row) {
    if (!adjoint) return 0u;
    return sizes[sizes.size() - (row == *adjoint ? 1 : 2)];
  };
  agreed(call, dimension(a, adj_x, false), dimension(b, adj_y, true));
  const uint32_t rows = dimension(a, adj_x, true), columns = dimension(b, adj_y, false);
  Sizes result = nnapi::broadcast(call, Sizes(a.begin(), a.end() - 2), Sizes(b.begin(), b.end() - 2));
  result.insert(result.end(), {rows, columns});
  return {result};
}

}  // namespace passerelle::nnapi::shapes
