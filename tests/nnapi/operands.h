// Operands that own what an OperandView points at, and short ways to make them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/nnapi/legality.h"

namespace passerelle::nnapi::test {

struct TestOperand {
  OperandType type = OperandType::TENSOR_FLOAT32;
  std::vector<uint32_t> dimensions;
  float scale = 0;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;
  uint32_t channel_dimension = 0;
  std::vector<unsigned char> value;
  bool is_constant = false;
  bool omitted = false;

  OperandView view() const;
  /// The same without a value: an optional operand left out.
  TestOperand without_value() const;
};

using Op = OperationType;
using Type = OperandType;
using Dimensions = std::vector<uint32_t>;

/// A tensor computed elsewhere. Quantized types get the scale 1 where none is given.
TestOperand tensor(Type type, Dimensions dimensions, float scale = 0, int32_t zero_point = 0);
TestOperand float32(Dimensions dimensions);
TestOperand per_channel(Dimensions dimensions, uint32_t channel_dimension);
TestOperand integer(int32_t value);
TestOperand boolean(bool value);
/// FLOAT32
TestOperand real(float value);
/// A constant one-dimensional TENSOR_INT32.
TestOperand list(const std::vector<int32_t>& values);
/// A constant TENSOR_INT32 of shape [n, 2].
TestOperand pairs(const std::vector<int32_t>& values);

using TestOperands = std::vector<TestOperand>;
std::vector<OperandView> views(const TestOperands& operands);
Legality legality_of(Op operation, const TestOperands& inputs, const TestOperands& outputs);
/// The level alone.
FeatureLevel level_of(Op operation, const TestOperands& inputs, const TestOperands& outputs);
/// "" where it is legal at some level.
std::string refusal_of(Op operation, const TestOperands& inputs, const TestOperands& outputs);

}  // namespace passerelle::nnapi::test
