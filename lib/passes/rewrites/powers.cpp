// Exponentials, roots and quotients below the levels that have them.
//
//   exp(x) = logistic(x) / logistic(-x), each of which keeps its relative precision.
//   x^p, for x over 0: LOCAL_RESPONSE_NORMALIZATION over one channel gives x · (bias + x²)^-beta. With p = 1 - 2 beta
//   that is the power: to rounding between 1e-16 and 1e19, whose squares are still numbers. It is asked only where the
//   operations before prove the sign (sign.h): a root of what may be negative, and a quotient of what may be 0, stay as
//   they are and are reported.
#include <cfloat>
#include <cmath>

#include "rewriter.h"
#include "sign.h"

namespace passerelle::passes {
namespace {

OperandId power(Rewriter& r, OperandId x, float exponent) {
  const TensorType type = r.type(x);
  const uint32_t channels = type.shape.empty() ? 1 : type.shape.back();
  const auto pixels = static_cast<uint32_t>(graph::element_count(type.shape) / channels);
  TensorType image = type;
  image.shape = {1, 1, pixels, channels};
  // So that a root of 0 is 0.
  const float bias = exponent > 0 ? FLT_MIN : 0.0f;
  const OperandId result = r.emit(Op::LOCAL_RESPONSE_NORMALIZATION,
                                  {{"input", r.reshape(x, image.shape)},
                                   {"radius", 0},
                                   {"bias", bias},
                                   {"alpha", 1.0f},
                                   {"beta", (1 - exponent) / 2}},
                                  image);
  return r.reshape(result, type.shape);
}

/// Nothing between exp(-87) and exp(87) leaves the range in which logistic functions are precise.
bool rewrite_exp(Rewriter& r, const Operation& operation) {
  const OperandId x = operation.operand("input");
  if (!r.is_float(x)) return false;
  const bool has_division = r.level() >= nnapi::introduced(Op::DIV);
  // A quotient that is made of a power wants moderate numbers: the square of the exponential of one half.
  const OperandId exponent = has_division ? x : r.binary(Op::MUL, x, 0.5f);
  const OperandId above = r.unary(Op::LOGISTIC, exponent);
  const OperandId below = r.unary(Op::LOGISTIC, r.negated(exponent));
  const OperandId quotient =
      has_division ? r.binary(Op::DIV, above, below) : r.binary(Op::MUL, above, power(r, below, -1));
  r.replace(operation, has_division ? quotient : r.binary(Op::MUL, quotient, quotient));
  return true;
}

bool rewrite_sqrt(Rewriter& r, const Operation& operation) {
  if (!r.is_float(operation.output()) || !is_non_negative(r, operation.operand("input"))) return false;
  r.replace(operation, power(r, operation.operand("input"), 0.5f));
  return true;
}

bool rewrite_rsqrt(Rewriter& r, const Operation& operation) {
  if (!r.is_float(operation.output()) || !is_positive(r, operation.operand("input"))) return false;
  r.replace(operation, power(r, operation.operand("input"), -0.5f));
  return true;
}

/// a · b^-1
bool rewrite_div(Rewriter& r, const Operation& operation) {
  const TensorType type = r.type(operation.output());
  if (type.type != OperandType::TENSOR_FLOAT32 || !is_nonzero(r, operation.operand("input2"))) return false;
  const OperandId reciprocal = power(r, operation.operand("input2"), -1);
  const Argument activation = operation.integer("activation");
  r.replace(
      operation,
      r.emit(Op::MUL, {{"input1", operation.operand("input1")}, {"input2", reciprocal}, {"activation", activation}},
             type));
  return true;
}

/// By squaring.
OperandId whole_power(Rewriter& r, OperandId x, uint32_t exponent) {
  if (exponent == 1) return x;
  const OperandId half = whole_power(r, x, exponent / 2);
  const OperandId square = r.binary(Op::MUL, half, half);
  return exponent % 2 == 0 ? square : r.binary(Op::MUL, square, x);
}

bool rewrite_pow(Rewriter& r, const Operation& operation) {
  const OperandId base = operation.operand("base");
  const std::optional<float> exponent = r.uniform_value(operation.operand("exponent"));
  if (!exponent || !r.is_float(base) || r.shape(base) != r.shape(operation.output()) || *exponent == 0) return false;
  constexpr float longest_product = 65536;  // 17 squarings
  const float magnitude = std::abs(*exponent);
  if (std::floor(magnitude) != magnitude) {
    if (*exponent > 0 ? !is_non_negative(r, base) : !is_positive(r, base)) return false;
    r.replace(operation, power(r, base, *exponent));
    return true;
  }
  if (magnitude > longest_product) return false;
  const OperandId product = whole_power(r, base, static_cast<uint32_t>(magnitude));
  const TensorType type = r.type(base);
  r.replace(operation,
            *exponent > 0 ? product : r.emit(Op::DIV, {{"input1", r.scalar(1, base)}, {"input2", product}}, type));
  return true;
}

constexpr Rewrite rewrites[] = {
    {Op::EXP, Stage::before_layout, rewrite_exp},  {Op::DIV, Stage::after_layout, rewrite_div},
    {Op::POW, Stage::after_layout, rewrite_pow},   {Op::RSQRT, Stage::after_layout, rewrite_rsqrt},
    {Op::SQRT, Stage::after_layout, rewrite_sqrt},
};

}  // namespace

Span<const Rewrite> power_rewrites() { return rewrites; }

}  // namespace passerelle::passes
