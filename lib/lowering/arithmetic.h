// Functions of real numbers that NNAPI has no operation for, each as operations that it has.
//
// All take and give TENSOR_FLOAT32. Errors are of float32 arithmetic, measured against double precision.
#pragma once

#include <vector>

#include "context.h"

namespace passerelle::lowering {

/// c[0] + c[1] x + c[2] x^2 + ...
OperandId polynomial(Context& context, OperandId x, const std::vector<double>& coefficients);

OperandId square(Context& context, OperandId x);
OperandId reciprocal(Context& context, OperandId x);
OperandId ceiling(Context& context, OperandId x);
OperandId truncated(Context& context, OperandId x);

/// -1, 0 or 1. Exact for normal numbers.
OperandId sign(Context& context, OperandId x);

/// To the nearest integer, halves to the even one.
OperandId rounded(Context& context, OperandId x);

/// log(1 + x), accurate for small x too.
OperandId log1p(Context& context, OperandId x);

/// log(1 + exp(x)) for any x: no overflow, and accurate where the result is small.
OperandId softplus(Context& context, OperandId x);

/// exp(x) - 1, accurate for small x too.
OperandId expm1(Context& context, OperandId x);

/// Relative error up to 3e-7.
OperandId erf(Context& context, OperandId x);

/// x times the normal distribution's cumulative function. Absolute error up to 6e-7.
OperandId gelu(Context& context, OperandId x);

/// The greatest integer not above a / b and what remains, a - quotient * b (which has the sign of b).
struct Division {
  OperandId quotient;
  OperandId remainder;
};
/// Both exact for integers below 2^24, and for any numbers as long as the quotient is below 4096 and fits its bits.
Division floor_division(Context& context, OperandId a, OperandId b);

}  // namespace passerelle::lowering
