// Functions of real numbers that NNAPI has no operation for, each as operations that it has.
//
// All take and give TENSOR_FLOAT32. Errors are of float32 arithmetic, measured against double precision.
#pragma once

#include <vector>

#include "context.h"

namespace passerelle::lowering {

/// c[0] + c[1] x + c[2] x^2 + ...
Value polynomial(Value x, const std::vector<double>& coefficients);

Value reciprocal(Value x);
Value ceiling(Value x);
Value truncated(Value x);

/// -1, 0 or 1. Exact for normal numbers.
Value sign(Value x);

/// To the nearest integer, halves to the even one.
Value rounded(Value x);

/// log(1 + x), accurate for small x too.
Value log1p(Value x);

/// log(1 + exp(x)) for any x: no overflow, and accurate where the result is small.
Value softplus(Value x);

/// exp(x) - 1, accurate for small x too.
Value expm1(Value x);

/// Relative error up to 3e-7.
Value erf(Value x);

/// x times the normal distribution's cumulative function. Absolute error up to 6e-7.
Value gelu(Value x);

/// The greatest integer not above a / b and what remains, a - quotient * b (which has the sign of b).
struct Division {
  Value quotient;
  Value remainder;
};
/// Both exact for integers below 2^24, and for any numbers as long as the quotient is below 4096 and fits its bits.
Division floor_division(Value a, Value b);

}  // namespace passerelle::lowering
