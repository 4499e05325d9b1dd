// Sums, products and concatenations of quantized tensors.
#include <cmath>

#include "families.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

const char* first_name(Context& c) { return c.has("qa") ? "qa" : "self"; }
const char* second_name(Context& c) { return c.has("qb") ? "qb" : c.has("b") ? "b" : "other"; }

/// quantized::add of a tensor and a number keeps the integers wherever they fit, and moves the zero point by a whole
/// number of steps: that many are added here.
double summand(Context& c, Value x) {
  const graph::Quantization &before = x.quantization(), after = c.result_type().quantization;
  if (before.scale != after.scale) return c.number(second_name(c));
  return double{before.scale} * (before.zero_point - after.zero_point);
}

void lower_add(Context& c) {
  const Value a = c.tensor(first_name(c));
  const bool is_number = !c.is_tensor(second_name(c));
  const Value b = is_number ? quantized_scalar(c, summand(c, a), a) : c.tensor(second_name(c));
  c.result(rectified_as_named(c, (a + b).at(c.result_type().quantization)));
}

void lower_mul(Context& c) {
  const Value a = c.tensor(first_name(c));
  const bool is_number = !c.is_tensor(second_name(c));
  const Value b = is_number ? quantized_scalar(c, c.number(second_name(c)), a) : c.tensor(second_name(c));
  c.result(rectified_as_named(c, (a * b).at(c.result_type().quantization)));
}

/// CONCATENATION takes operands of different scales.
void lower_cat(Context& c) {
  Values values = c.tensors(c.has("qx") ? "qx" : "tensors");
  const uint32_t axis = Context::dimension(c.integer("dim"), values.front().rank());
  const TensorType type = c.result_type();
  if (values.size() == 1) return c.result(rectified_as_named(c, requantized(c, values.front(), type)));
  c.result(rectified_as_named(c, concatenate(values, axis).at(type.quantization)));
}

constexpr Lowering table[] = {
    {"quantized::add", lower_add, "ADD", ""},           {"quantized::add_relu", lower_add, "ADD", ""},
    {"quantized::add_scalar", lower_add, "ADD", ""},    {"quantized::add_scalar_relu", lower_add, "ADD", ""},
    {"quantized::mul", lower_mul, "MUL", ""},           {"quantized::mul_relu", lower_mul, "MUL", ""},
    {"quantized::mul_scalar", lower_mul, "MUL", ""},    {"quantized::mul_scalar_relu", lower_mul, "MUL", ""},
    {"quantized::cat", lower_cat, "CONCATENATION", ""}, {"quantized::cat_relu", lower_cat, "CONCATENATION", ""},
};

constexpr Lowering of_aten[] = {
    {"aten::cat", lower_cat, "CONCATENATION", ""},
    {"aten::concat", lower_cat, "CONCATENATION", ""},
    {"aten::concatenate", lower_cat, "CONCATENATION", ""},
};

}  // namespace

Span<const Lowering> quantized_arithmetic_lowerings() { return table; }

Span<const Lowering> quantized_arithmetic_of_aten() { return of_aten; }

}  // namespace passerelle::lowering
