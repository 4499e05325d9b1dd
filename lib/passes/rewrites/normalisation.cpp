// SOFTMAX without an axis argument, and INSTANCE_NORMALIZATION by its definition.
#include <algorithm>

#include "rewriter.h"

namespace passerelle::passes {
namespace {

/// SOFTMAX over the last dimension, of rank 2 or 4 (docs/nnapi.md, values decide). Its axis is left out: that tells
/// layout (axis_rules.cpp) that it can't move.
OperandId softmax_of_rows(Rewriter& r, OperandId value, float beta) {
  const TensorType type = r.type(value);
  TensorType rows = type;
  if (type.shape.size() != 2 && type.shape.size() != 4) {
    const uint32_t size = type.shape.back();
    rows.shape = {static_cast<uint32_t>(graph::element_count(type.shape) / size), size};
  }
  value = r.emit(Op::SOFTMAX, {{"input", r.reshape(value, rows.shape)}, {"beta", beta}}, rows);
  return r.reshape(value, type.shape);
}

bool rewrite_softmax(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  const size_t rank = r.shape(input).size();
  if (!r.is_float(input) || rank == 0) return false;
  const size_t axis = normalised_axis(operation.integer("axis"), rank);
  Permutation permutation = graph::identity_permutation(rank);
  std::rotate(permutation.begin() + static_cast<std::ptrdiff_t>(axis),
              permutation.begin() + static_cast<std::ptrdiff_t>(axis) + 1, permutation.end());
  const OperandId result = softmax_of_rows(r, r.transpose(input, permutation), operation.real("beta"));
  r.replace(operation, r.transpose(result, graph::inverse(permutation)));
  return true;
}

/// gamma · (x - mean) / sqrt(variance + epsilon) + beta
bool rewrite_instance_normalisation(Rewriter& r, const Operation& operation) {
  const OperandId input = operation.operand("input");
  if (!r.is_float(input) || operation.boolean("nchw")) return false;
  TensorType averages = r.type(input);
  averages.shape[1] = averages.shape[2] = 1;
  auto average = [&](OperandId value) {
    return r.emit(Op::MEAN, {{"input", value}, {"axes", r.editor().list({1, 2})}, {"keep_dims", 1}}, averages);
  };
  const OperandId centred = r.binary(Op::SUB, input, average(input));
  const OperandId variance = average(r.binary(Op::MUL, centred, centred));
  const OperandId factor = r.unary(Op::RSQRT, r.binary(Op::ADD, variance, operation.real("epsilon")));
  OperandId result = r.binary(Op::MUL, centred, factor);
  if (operation.real("gamma") != 1) result = r.binary(Op::MUL, result, operation.real("gamma"));
  if (operation.real("beta") != 0) result = r.binary(Op::ADD, result, operation.real("beta"));
  r.replace(operation, result);
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::INSTANCE_NORMALIZATION, Stage::before_layout, rewrite_instance_normalisation},
    {Op::SOFTMAX, Stage::before_layout, rewrite_softmax},
};

}  // namespace

Span<const Rewrite> normalisation_rewrites() { return rewrites; }

}  // namespace passerelle::passes
