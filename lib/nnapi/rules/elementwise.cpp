// Element-wise operations on several tensors, conversions, and BATCH_MATMUL.
#include <algorithm>
#include <string>

#include "rules.h"

namespace passerelle::nnapi::rules {
namespace {

/// Trailing dimensions are aligned, like NumPy's: equal, or one of them 1.
bool broadcastable(const OperandView& a, const OperandView& b) {
  size_t common = std::min(a.dimensions.size(), b.dimensions.size());
  for (size_t i = 1; i <= common; ++i) {
    uint32_t size_a = a.dimensions[a.dimensions.size() - i];
    uint32_t size_b = b.dimensions[b.dimensions.size() - i];
    if (differ(size_a, size_b) && size_a != 1 && size_b != 1) return false;
  }
  return true;
}

std::string operation_name(const Call& call) { return std::string(name(call.operation())); }

}  // namespace

void broadcast(Call& call) {
  const OperandView& a = call.inputs()[0];
  const OperandView& b = call.inputs()[1];
  call.require(broadcastable(a, b),
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
