// One thing wrong at a time: each is refused, with a reason that names it.
#include "catch.h"
#include "operands.h"

namespace passerelle::nnapi::test {
namespace {

TestOperands conv(int32_t padding, int32_t stride, uint32_t filter_size = 3) {
  return {float32({1, 8, 8, 4}), float32({6, filter_size, filter_size, 4}),
          float32({6}),          integer(padding),
          integer(padding),      integer(padding),
          integer(padding),      integer(stride),
          integer(stride),       integer(0)};
}

std::string refusal(const TestOperand& operand) {
  Legality found = legality(operand.view());
  return found ? "" : found.reason;
}

}  // namespace

TEST_CASE("single operands") {
  CHECK(legality(float32({2}).view()).level == 1);
  CHECK(legality(tensor(Type::TENSOR_QUANT8_ASYMM, {2}, 0.5f, 255).view()).level == 1);
  CHECK(legality(float32({}).view()).level == 3);  // unknown rank
  CHECK(legality(float32({0, 3}).view()).level == 1);
  CHECK(refusal(tensor(Type::TENSOR_QUANT8_ASYMM, {2}, 0.5f, 256)) ==
        "zero point 256 of TENSOR_QUANT8_ASYMM must be from 0 to 255");
  CHECK(refusal(tensor(Type::TENSOR_QUANT8_ASYMM, {2}, 0.5f, -1)) != "");
  CHECK(refusal(tensor(Type::TENSOR_QUANT8_ASYMM_SIGNED, {2}, 0.5f, 128)) != "");
  CHECK(refusal(tensor(Type::TENSOR_QUANT8_ASYMM_SIGNED, {2}, 0.5f, -128)) == "");
  CHECK(refusal(tensor(Type::TENSOR_QUANT8_SYMM, {2}, 0.5f, 1)) == "zero point 1 of TENSOR_QUANT8_SYMM must be 0");
  CHECK(refusal(tensor(Type::TENSOR_QUANT16_ASYMM, {2}, 0.5f, 65536)) != "");
  CHECK(refusal(tensor(Type::TENSOR_QUANT8_ASYMM, {2}, -1)) ==
        "TENSOR_QUANT8_ASYMM needs a scale greater than 0, not -1.000000");
  TestOperand no_scale = tensor(Type::TENSOR_QUANT8_ASYMM, {2});
  no_scale.scale = 0;
  CHECK(refusal(no_scale) != "");
  CHECK(refusal(tensor(Type::TENSOR_FLOAT32, {2}, 0.5f)) ==
        "TENSOR_FLOAT32 has no scale, so it must be 0, not 0.500000");
  CHECK(refusal(tensor(Type::TENSOR_INT32, {2}, 0.5f)) == "");
  CHECK(refusal(tensor(Type::TENSOR_INT32, {2}, -0.5f)) != "");
  CHECK(refusal(float32({65536, 65536})) == "a tensor of shape 65536x65536 is over 4 GiB");
  TestOperand scalar = integer(1);
  scalar.dimensions = {1};
  CHECK(refusal(scalar) == "the scalar INT32 has dimensions");
  TestOperand constant = list({1, 2});
  constant.dimensions = {0};
  CHECK(refusal(constant) != "");
  constant.dimensions = {3};
  CHECK(refusal(constant) == "its value has 8 bytes instead of 12");
}

TEST_CASE("per-channel operands") {
  CHECK(legality(per_channel({2, 1, 1, 3}, 0).view()).level == 3);
  TestOperand operand = per_channel({2, 1, 1, 3}, 0);
  operand.channel_scales.pop_back();
  CHECK(refusal(operand) == "1 channel scales for 2 channels");
  operand = per_channel({2, 1, 1, 3}, 0);
  operand.channel_scales[1] = 0;
  CHECK(refusal(operand) == "channel scales must be greater than 0, not 0.000000");
  operand = per_channel({2, 1, 1, 3}, 0);
  operand.channel_dimension = 4;
  CHECK(refusal(operand) == "channel dimension 4 does not exist in rank 4");
  operand = per_channel({2, 1, 1, 3}, 0);
  operand.scale = 0.5f;
  CHECK(refusal(operand) != "");
  TestOperand other = tensor(Type::TENSOR_QUANT8_ASYMM, {2});
  other.channel_scales = {1, 1};
  CHECK(refusal(other) == "only TENSOR_QUANT8_SYMM_PER_CHANNEL has channel scales");
}

TEST_CASE("wrong types and counts name the argument") {
  TestOperand output = float32({1, 6, 6, 6});
  TestOperands wrong = conv(0, 1);
  wrong[2] = tensor(Type::TENSOR_INT32, {6});
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) == "CONV_2D's bias must be TENSOR_FLOAT32, not TENSOR_INT32");
  wrong = conv(0, 1);
  wrong[1] = tensor(Type::TENSOR_QUANT8_ASYMM, {6, 3, 3, 4});
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) == "CONV_2D's filter must be TENSOR_FLOAT32, not TENSOR_QUANT8_ASYMM");
  wrong = conv(0, 1);
  wrong[9] = real(0);
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) == "CONV_2D's activation must be INT32, not FLOAT32");
  wrong = conv(0, 1);
  wrong.pop_back();
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) == "CONV_2D takes 7, 8, 10, 11 or 13 inputs, not 9");
  CHECK(refusal_of(Op::CONV_2D, conv(0, 1), {output, output}) == "CONV_2D gives 1 output, not 2");
  CHECK(refusal_of(Op::CONV_2D, conv(0, 1), {tensor(Type::TENSOR_FLOAT16, {1, 6, 6, 6})}) ==
        "CONV_2D's output must be TENSOR_FLOAT32, not TENSOR_FLOAT16");
  CHECK(refusal_of(Op::CONCATENATION, {integer(0)}, {output}) == "CONCATENATION takes at least 2 inputs, not 1");
  CHECK(refusal_of(Op::TRANSPOSE, {float32({2, 2})}, {float32({2, 2})}) == "TRANSPOSE takes 2 inputs, not 1");
  CHECK(refusal_of(Op::RELU, {}, {}) != "");
  TestOperand absent = float32({2}).without_value();
  CHECK(refusal_of(Op::RELU, {absent}, {float32({2})}) == "RELU's input can't be left out");
}

TEST_CASE("windows") {
  TestOperand output = float32({1, 8, 8, 6});
  CHECK(level_of(Op::CONV_2D, conv(1, 1), {output}) == 1);
  CHECK(level_of(Op::CONV_2D, conv(2, 1), {float32({1, 10, 10, 6})}) == 1);
  CHECK(refusal_of(Op::CONV_2D, conv(2, 1), {output}) == "CONV_2D's output must have shape 1x10x10x6, not 1x8x8x6");
  CHECK(refusal_of(Op::CONV_2D, conv(3, 1), {output}) ==
        "CONV_2D's padding_top of 3 must be less than the window's height of 3");
  TestOperands dilated = conv(3, 1);
  dilated.push_back(boolean(false));
  dilated.push_back(integer(2));
  dilated.push_back(integer(2));
  CHECK(level_of(Op::CONV_2D, dilated, {float32({1, 10, 10, 6})}) == 3);
  CHECK(refusal_of(Op::CONV_2D, conv(-1, 1), {output}) == "CONV_2D's padding_left is -1 and can't be negative");
  CHECK(refusal_of(Op::CONV_2D, conv(1, 0), {output}) == "CONV_2D's stride_width is 0 and must be greater than 0");
  TestOperands wrong = conv(1, 1);
  wrong[2] = float32({5});
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) == "CONV_2D's lengths of bias and filter must agree, not 5 and 6");
  wrong = conv(1, 1);
  wrong[0] = float32({1, 8, 8, 3});
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) == "CONV_2D's channels of input and filter must agree, not 3 and 4");
  wrong.push_back(boolean(true));
  wrong[0] = float32({1, 4, 8, 8});
  CHECK(level_of(Op::CONV_2D, wrong, {float32({1, 6, 8, 8})}) == 3);
  wrong[0] = float32({1, 8, 8});
  CHECK(level_of(Op::CONV_2D, wrong, {output}) == 0);
}

TEST_CASE("shapes that can't be") {
  TestOperand a = float32({2, 3});
  CHECK(level_of(Op::TRANSPOSE, {a, list({1, 0})}, {float32({3, 2})}) == 2);
  CHECK(level_of(Op::TRANSPOSE, {a, list({1, 0, 2})}, {float32({3, 2})}) == 0);
  CHECK(level_of(Op::TRANSPOSE, {a, list({1, 2})}, {float32({3, 2})}) == 0);
  CHECK(level_of(Op::TRANSPOSE, {a, list({1, 0}).without_value()}, {float32({3, 2})}) == 2);
  CHECK(level_of(Op::TRANSPOSE, {float32({1, 2, 3}), list({1, 0, 2}).without_value()}, {float32({3, 2, 1})}) == 0);
  CHECK(level_of(Op::SQUEEZE, {a, list({0})}, {float32({3})}) == 0);
  CHECK(level_of(Op::SQUEEZE, {float32({1, 3}), list({-2})}, {float32({3})}) == 2);
  CHECK(level_of(Op::PAD, {a, pairs({0, 0})}, {a}) == 0);
  CHECK(level_of(Op::PAD, {a, pairs({0, 0, -1, 0})}, {float32({2, 2})}) == 0);
  CHECK(level_of(Op::FULLY_CONNECTED, {float32({2, 4}), float32({3, 5}), float32({3}), integer(0)},
                 {float32({2, 3})}) == 0);
  CHECK(level_of(Op::CAST, {a}, {tensor(Type::TENSOR_INT32, {2, 3})}) == 3);
  CHECK(level_of(Op::CAST, {a}, {tensor(Type::TENSOR_INT32, {3, 2})}) == 0);
  CHECK(level_of(Op::PACK, {integer(0), a, a}, {float32({2, 2, 3})}) == 6);
  CHECK(level_of(Op::PACK, {integer(0), a, a}, {float32({4, 3})}) == 0);
  CHECK(level_of(Op::BATCH_MATMUL, {a, float32({1, 3, 2}), boolean(false), boolean(false)}, {float32({2, 2})}) == 0);
  TestOperand ones = list({1, 1});
  TestOperands slice = {a, list({0, 0}), list({2, 3}), ones, integer(0), integer(0), integer(0)};
  CHECK(level_of(Op::STRIDED_SLICE, slice, {a}) == 2);
  slice[3] = list({1, 0});
  CHECK(refusal_of(Op::STRIDED_SLICE, slice, {a}) == "STRIDED_SLICE's strides can't be 0");
}

TEST_CASE("unknown sizes and ranks are given the benefit of the doubt") {
  TestOperand unknown_size = float32({0, 3});
  TestOperand a = float32({2, 3});
  CHECK(level_of(Op::ADD, {unknown_size, a, integer(0)}, {a}) == 1);
  TestOperand unknown_rank = float32({});
  Legality found = legality_of(Op::ADD, {unknown_rank, a, integer(0)}, {a});
  CHECK(found.level == 3);
  CHECK(found.reason == "ADD's input1 of unknown rank needs API 29");
}

TEST_CASE("control flow") {
  TestOperand model = tensor(Type::MODEL, {});
  TestOperand condition = tensor(Type::TENSOR_BOOL8, {1});
  TestOperand a = float32({2});
  CHECK(level_of(Op::IF, {condition, model, model, a, integer(1)}, {a, a}) == 4);
  CHECK(level_of(Op::IF, {condition, model, model}, {a}) == 4);
  CHECK(level_of(Op::IF, {condition, model, model, a}, {}) == 0);
  CHECK(level_of(Op::IF, {tensor(Type::TENSOR_BOOL8, {2}), model, model, a}, {a}) == 0);
  CHECK(level_of(Op::WHILE, {model, model, a}, {a}) == 4);
  CHECK(level_of(Op::WHILE, {model, model}, {a}) == 0);
  CHECK(level_of(Op::WHILE, {model, a, a}, {a}) == 0);
}

}  // namespace passerelle::nnapi::test
