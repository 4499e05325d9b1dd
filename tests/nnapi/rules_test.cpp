// The facts of NNAPI that concern legality (docs/nnapi.md). Not here: memory, and what operations compute.
#include "catch.h"
#include "operands.h"

namespace passerelle::nnapi::test {
namespace {

const float usual_scale = 0.5f;

TestOperand quant8(Dimensions dimensions, float scale = usual_scale, int32_t zero_point = 3) {
  return tensor(Type::TENSOR_QUANT8_ASYMM, std::move(dimensions), scale, zero_point);
}

TestOperand signed8(Dimensions dimensions, float scale = usual_scale, int32_t zero_point = 3) {
  return tensor(Type::TENSOR_QUANT8_ASYMM_SIGNED, std::move(dimensions), scale, zero_point);
}

TestOperand int32(Dimensions dimensions, float scale = 0) {
  return tensor(Type::TENSOR_INT32, std::move(dimensions), scale);
}

TestOperands joined(TestOperands operands, const TestOperands& more) {
  operands.insert(operands.end(), more.begin(), more.end());
  return operands;
}

/// padding left, right, top, bottom, stride width and height
TestOperands window(int32_t padding = 0, int32_t stride = 1) {
  return {integer(padding), integer(padding), integer(padding), integer(padding), integer(stride), integer(stride)};
}

TestOperands conv(TestOperand input, TestOperand filter, TestOperand bias, const TestOperands& tail = {}) {
  TestOperands operands = joined({input, filter, bias}, window());
  operands.push_back(integer(0));
  return joined(operands, tail);
}

TestOperands float_conv(const TestOperands& tail = {}) {
  return conv(float32({1, 8, 8, 4}), float32({6, 3, 3, 4}), float32({6}), tail);
}

}  // namespace

TEST_CASE("constants have rank 1 or more") {
  TestOperand scalar = float32({});
  scalar.is_constant = true;
  CHECK(refusal_of(Op::ADD, {float32({2}), scalar, integer(0)}, {float32({2})}) ==
        "ADD's input2: a constant tensor has rank 1 or more (one element: shape 1)");
  scalar.dimensions = {1};
  CHECK(level_of(Op::ADD, {float32({2}), scalar, integer(0)}, {float32({2})}) == 1);
}

TEST_CASE("CONCATENATION's axis isn't negative, SOFTMAX's may be") {
  TestOperand a = float32({2, 3});
  CHECK(level_of(Op::CONCATENATION, {a, a, integer(1)}, {float32({2, 6})}) == 1);
  CHECK(refusal_of(Op::CONCATENATION, {a, a, integer(-1)}, {float32({2, 6})}) ==
        "CONCATENATION's axis is -1 and can't be negative");
  CHECK(refusal_of(Op::CONCATENATION, {a, a, integer(2)}, {float32({2, 6})}) ==
        "CONCATENATION's axis 2 doesn't exist in 2x3");
  CHECK(level_of(Op::SOFTMAX, {a, real(1), integer(-2)}, {a}) == 3);
  CHECK(refusal_of(Op::SOFTMAX, {a, real(1), integer(-3)}, {a}) == "SOFTMAX's axis -3 doesn't exist in rank 2");
}

TEST_CASE("ranks") {
  TestOperand five = float32({1, 2, 3, 4, 5});
  for (Op operation : {Op::RELU, Op::RELU6, Op::TANH, Op::LOGISTIC, Op::FLOOR})
    CHECK(refusal_of(operation, {five}, {five}) ==
          std::string(name(operation)) + "'s input of rank 5: the rank must be at most 4");
  CHECK(level_of(Op::ADD, {five, five, integer(0)}, {five}) == 0);
  CHECK(level_of(Op::CONCATENATION, {five, five, integer(0)}, {five}) == 0);
  CHECK(level_of(Op::SOFTMAX, {five, real(1)}, {five}) == 0);
  CHECK(level_of(Op::TRANSPOSE, {five, list({0, 1, 2, 3, 4})}, {five}) == 0);
  CHECK(level_of(Op::ABS, {five}, {five}) == 3);
  CHECK(level_of(Op::REVERSE, {five, list({4})}, {five}) == 7);
  TestOperand nine = float32({1, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(level_of(Op::REVERSE, {nine, list({0})}, {nine}) == 0);
  CHECK(level_of(Op::DEPTH_TO_SPACE, {float32({4, 4, 4}), integer(2)}, {float32({8, 8, 1})}) == 0);
}

TEST_CASE("the bias of a convolution") {
  TestOperand output = quant8({1, 6, 6, 6}, 1);
  TestOperands right = conv(quant8({1, 8, 8, 4}, 0.5f), quant8({6, 3, 3, 4}, 0.25f), int32({6}, 0.125f));
  CHECK(level_of(Op::CONV_2D, right, {output}) == 1);
  TestOperands wrong = right;
  wrong[2].scale = 0.25f;
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) ==
        "CONV_2D's bias must have the scale of its input times that of its filter");
  wrong = right;
  wrong[2].zero_point = 1;
  CHECK(level_of(Op::CONV_2D, wrong, {output}) == 0);
  wrong = right;
  wrong[2] = wrong[2].without_value();
  CHECK(refusal_of(Op::CONV_2D, wrong, {output}) == "CONV_2D's bias can't be left out");

  TestOperands per_channel_filter = right;
  per_channel_filter[1] = per_channel({6, 3, 3, 4}, 0);
  CHECK(refusal_of(Op::CONV_2D, per_channel_filter, {output}) ==
        "CONV_2D with a per-channel filter needs a bias of scale 0");
  per_channel_filter[2].scale = 0;
  CHECK(level_of(Op::CONV_2D, per_channel_filter, {output}) == 3);

  TestOperands connected = {quant8({2, 4}, 0.5f), quant8({3, 4}, 0.25f), int32({3}, 0.125f), integer(0)};
  CHECK(level_of(Op::FULLY_CONNECTED, connected, {quant8({2, 3}, 1)}) == 1);
  connected[2].scale = 0.5f;
  CHECK(level_of(Op::FULLY_CONNECTED, connected, {quant8({2, 3}, 1)}) == 0);
}

TEST_CASE("output scales over the product of the inputs'") {
  TestOperands operands = conv(quant8({1, 8, 8, 4}, 0.5f), quant8({6, 3, 3, 4}, 0.5f), int32({6}, 0.25f));
  CHECK(level_of(Op::CONV_2D, operands, {quant8({1, 6, 6, 6}, 0.5f)}) == 1);
  Legality small = legality_of(Op::CONV_2D, operands, {quant8({1, 6, 6, 6}, 0.25f)});
  CHECK(small.level == 3);
  CHECK(small.reason == "CONV_2D whose output scale is not over its input's times its filter's needs API 29");
  TestOperands connected = {quant8({2, 4}, 0.5f), quant8({3, 4}, 0.5f), int32({3}, 0.25f), integer(0)};
  CHECK(level_of(Op::FULLY_CONNECTED, connected, {quant8({2, 3}, 0.25f)}) == 3);
  TestOperands factors = {quant8({2}, 0.5f), quant8({2}, 0.5f), integer(0)};
  CHECK(level_of(Op::MUL, factors, {quant8({2}, 0.5f)}) == 1);
  CHECK(level_of(Op::MUL, factors, {quant8({2}, 0.25f)}) == 0);
}

TEST_CASE("fixed output scales") {
  TestOperand input = quant8({2, 2});
  TestOperand signed_input = signed8({2, 2});
  for (Op operation : {Op::LOGISTIC, Op::SOFTMAX}) {
    TestOperands in = operation == Op::SOFTMAX ? TestOperands{input, real(1)} : TestOperands{input};
    TestOperands signed_in =
        operation == Op::SOFTMAX ? TestOperands{signed_input, real(1)} : TestOperands{signed_input};
    CHECK(level_of(operation, in, {quant8({2, 2}, 1.0f / 256, 0)}) == 1);
    CHECK(refusal_of(operation, in, {quant8({2, 2}, 1.0f / 255, 0)}) ==
          std::string(name(operation)) + "'s output must have scale 1/256 and zero point 0");
    CHECK(level_of(operation, in, {quant8({2, 2}, 1.0f / 256, 1)}) == 0);
    CHECK(level_of(operation, signed_in, {signed8({2, 2}, 1.0f / 256, -128)}) == 4);
    CHECK(level_of(operation, signed_in, {signed8({2, 2}, 1.0f / 256, 0)}) == 0);
  }
  for (Op operation : {Op::TANH, Op::L2_NORMALIZATION}) {
    CHECK(level_of(operation, {input}, {quant8({2, 2}, 1.0f / 128, 128)}) == 3);
    CHECK(level_of(operation, {input}, {quant8({2, 2}, 1.0f / 128, 0)}) == 0);
    CHECK(level_of(operation, {signed_input}, {signed8({2, 2}, 1.0f / 128, 0)}) == 4);
  }
}

TEST_CASE("operations that keep scale and zero point") {
  TestOperand image = quant8({1, 4, 4, 4});
  TestOperand other_scale = quant8({1, 4, 4, 4}, 0.25f);
  TestOperand other_zero = quant8({1, 4, 4, 4}, usual_scale, 4);
  TestOperands pool = joined({image}, window());
  pool = joined(pool, {integer(1), integer(1), integer(0)});
  const std::vector<std::pair<Op, TestOperands>> keeping = {
      {Op::AVERAGE_POOL_2D, pool},
      {Op::MAX_POOL_2D, pool},
      {Op::RELU, {image}},
      {Op::RESHAPE, {image, list({1, 4, 4, 4})}},
      {Op::RESIZE_BILINEAR, {image, integer(4), integer(4)}},
      {Op::RESIZE_NEAREST_NEIGHBOR, {image, integer(4), integer(4), boolean(false)}},
      {Op::TRANSPOSE, {image, list({0, 3, 1, 2})}},
      {Op::PAD, {image, pairs({0, 0, 0, 0, 0, 0, 0, 0})}},
      {Op::SLICE, {image, list({0, 0, 0, 0}), list({1, 4, 4, 4})}},
      {Op::SPLIT, {image, integer(1), integer(1)}},
      {Op::DEPTH_TO_SPACE, {image, integer(1)}},
      {Op::MEAN, {image, list({0}), integer(1)}},
  };
  for (const auto& [operation, inputs] : keeping) {
    INFO(name(operation));
    CHECK(level_of(operation, inputs, {image}) > 0);
    CHECK(refusal_of(operation, inputs, {other_scale}).find("must have the scale and zero point of its input") !=
          std::string::npos);
    CHECK(level_of(operation, inputs, {other_zero}) == 0);
  }
  CHECK(level_of(Op::CONCATENATION, {image, image, integer(3)}, {quant8({1, 4, 4, 8})}) == 1);
  CHECK(level_of(Op::CONCATENATION, {image, other_scale, integer(3)}, {quant8({1, 4, 4, 8})}) == 3);
}

TEST_CASE("channel dimension of per-channel filters") {
  TestOperand output = quant8({1, 6, 6, 6});
  CHECK(level_of(Op::CONV_2D, conv(quant8({1, 8, 8, 4}), per_channel({6, 3, 3, 4}, 0), int32({6})), {output}) == 3);
  CHECK(refusal_of(Op::CONV_2D, conv(quant8({1, 8, 8, 4}), per_channel({6, 3, 3, 4}, 3), int32({6})), {output}) ==
        "CONV_2D's per-channel filter must have channel dimension 0, not 3");
  auto depthwise = [&](uint32_t dimension) {
    TestOperands operands = joined({quant8({1, 8, 8, 4}), per_channel({1, 3, 3, 4}, dimension), int32({4})}, window());
    return level_of(Op::DEPTHWISE_CONV_2D, joined(operands, {integer(1), integer(0)}), {quant8({1, 6, 6, 4})});
  };
  CHECK(depthwise(3) == 3);
  CHECK(depthwise(0) == 0);
}

TEST_CASE("what came with which level") {
  TestOperand a = float32({1, 2, 2, 2});
  CHECK(level_of(Op::TRANSPOSE, {a, list({0, 3, 1, 2})}, {a}) == 2);
  CHECK(level_of(Op::SUB, {a, a, integer(0)}, {a}) == 2);
  CHECK(level_of(Op::CONV_2D, float_conv(), {float32({1, 6, 6, 6})}) == 1);
  Legality layout = legality_of(Op::CONV_2D, float_conv({boolean(false)}), {float32({1, 6, 6, 6})});
  CHECK(layout.level == 3);
  CHECK(layout.reason == "CONV_2D's nchw needs API 29");
  CHECK(level_of(Op::CONV_2D, float_conv({boolean(false), integer(1), integer(1)}), {float32({1, 6, 6, 6})}) == 3);
  CHECK(level_of(Op::SOFTMAX, {a, real(1), integer(3)}, {a}) == 3);
  TestOperand half = tensor(Type::TENSOR_FLOAT16, {2});
  Legality float16 = legality_of(Op::RELU, {half}, {half});
  CHECK(float16.level == 3);
  CHECK(float16.reason == "TENSOR_FLOAT16 needs API 29");
  CHECK(level_of(Op::PRELU, {a, a}, {a}) == 3);
  CHECK(level_of(Op::RELU, {signed8({2})}, {signed8({2})}) == 4);
  Legality integers = legality_of(Op::ADD, {int32({2}), int32({2}), integer(0)}, {int32({2})});
  CHECK(integers.level == 4);
  CHECK(integers.reason == "ADD of TENSOR_INT32 needs API 30");
  CHECK(level_of(Op::HARD_SWISH, {a}, {a}) == 4);
  CHECK(level_of(Op::RESHAPE, {int32({2, 2}), list({4})}, {int32({4})}) == 6);
  CHECK(level_of(Op::BATCH_MATMUL, {a, a, boolean(false), boolean(false)}, {a}) == 6);
  CHECK(level_of(Op::MIRROR_PAD, {a, pairs({0, 0, 0, 0, 0, 0, 0, 0}), integer(0)}, {a}) == 7);
}

TEST_CASE("a constant can't be an output") {
  TestOperand constant = list({1, 2});
  CHECK(refusal_of(Op::NEG, {int32({2})}, {constant}) == "NEG's output can't be a constant");
}

TEST_CASE("pools have no dilation") {
  TestOperands pool = joined({float32({1, 4, 4, 1})}, window());
  pool = joined(pool, {integer(2), integer(2), integer(0), boolean(false)});
  CHECK(level_of(Op::MAX_POOL_2D, pool, {float32({1, 3, 3, 1})}) == 3);
  CHECK(refusal_of(Op::MAX_POOL_2D, joined(pool, {integer(1), integer(1)}), {float32({1, 3, 3, 1})}) ==
        "MAX_POOL_2D takes 7, 8, 10 or 11 inputs, not 13");
}

TEST_CASE("half-pixel resizing needs feature level 4") {
  TestOperand image = float32({1, 4, 4, 1});
  TestOperand larger = float32({1, 8, 8, 1});
  TestOperands by_size = {image, integer(8), integer(8)};
  CHECK(level_of(Op::RESIZE_BILINEAR, by_size, {larger}) == 1);
  CHECK(level_of(Op::RESIZE_BILINEAR, joined(by_size, {boolean(true)}), {float32({1, 4, 8, 8})}) == 3);
  CHECK(level_of(Op::RESIZE_BILINEAR, joined(by_size, {boolean(false), boolean(false), boolean(true)}), {larger}) == 4);
  CHECK(refusal_of(Op::RESIZE_BILINEAR, joined(by_size, {boolean(false), boolean(true), boolean(true)}), {larger}) ==
        "RESIZE_BILINEAR takes align_corners or half_pixel_centers, not both");
  CHECK(level_of(Op::RESIZE_BILINEAR, {image, real(2), real(2)}, {larger}) == 3);
  CHECK(level_of(Op::RESIZE_NEAREST_NEIGHBOR, joined(by_size, {boolean(false)}), {larger}) == 3);
  CHECK(level_of(Op::RESIZE_NEAREST_NEIGHBOR, by_size, {larger}) == 0);
}

TEST_CASE("what operations lack") {
  TestOperand a = float32({2, 3});
  TestOperand condition = tensor(Type::TENSOR_BOOL8, {2, 3});
  CHECK(level_of(Op::SELECT, {condition, a, a}, {a}) == 3);
  CHECK(refusal_of(Op::SELECT, {condition, a, float32({1, 3})}, {a}) ==
        "SELECT doesn't broadcast: its inputs must have equal shapes, not 2x3 and 1x3");
  TestOperand crops = pairs({0, 0, 0, 0});
  CHECK(level_of(Op::BATCH_TO_SPACE_ND, {float32({4, 2, 2, 1}), list({2, 2}), crops}, {float32({1, 4, 4, 1})}) == 0);
  TestOperands grouped = joined({float32({1, 8, 8, 4}), float32({6, 3, 3, 2}), float32({6})}, window());
  grouped = joined(grouped, {integer(2), integer(0), boolean(false)});
  CHECK(level_of(Op::GROUPED_CONV_2D, grouped, {float32({1, 6, 6, 6})}) == 3);
  CHECK(level_of(Op::GROUPED_CONV_2D, joined(grouped, {integer(1), integer(1)}), {float32({1, 6, 6, 6})}) == 0);
  for (Op operation : {Op::ADD, Op::SUB, Op::MUL})
    CHECK(refusal_of(operation, {int32({2}), int32({2}), integer(1)}, {int32({2})}) ==
          std::string(name(operation)) + " of TENSOR_INT32 has no fused activation");
}

TEST_CASE("broadcasting aligns trailing dimensions") {
  TestOperand image = float32({1, 8, 8, 3});
  CHECK(level_of(Op::MUL, {image, float32({3}), integer(0)}, {image}) == 1);
  CHECK(level_of(Op::MUL, {image, float32({1, 1, 1, 3}), integer(0)}, {image}) == 1);
  CHECK(refusal_of(Op::MUL, {image, float32({3, 1}), integer(0)}, {image}) == "MUL can't broadcast 1x8x8x3 and 3x1");
}

TEST_CASE("levels that depend on values") {
  TestOperand paddings = pairs({0, 0, 1, 1, 1, 1, 0, 0});
  auto padded = [&](int32_t zero_point) {
    return level_of(Op::PAD, {quant8({1, 2, 2, 1}, usual_scale, zero_point), paddings},
                    {quant8({1, 4, 4, 1}, usual_scale, zero_point)});
  };
  CHECK(padded(0) == 2);
  CHECK(padded(3) == 3);
  CHECK(level_of(Op::SOFTMAX, {float32({2, 3}), real(1)}, {float32({2, 3})}) == 1);
  CHECK(level_of(Op::SOFTMAX, {float32({1, 2, 3, 4}), real(1)}, {float32({1, 2, 3, 4})}) == 1);
  Legality rank3 = legality_of(Op::SOFTMAX, {float32({2, 3, 4}), real(1)}, {float32({2, 3, 4})});
  CHECK(rank3.level == 3);
  CHECK(rank3.reason == "SOFTMAX of rank 3 needs API 29");
  CHECK(level_of(Op::SOFTMAX, {float32({3}), real(1)}, {float32({3})}) == 3);
  CHECK(level_of(Op::RESIZE_BILINEAR, {quant8({1, 2, 2, 1}), integer(4), integer(4)}, {quant8({1, 4, 4, 1})}) == 3);
  CHECK(level_of(Op::QUANTIZE, {float32({2})}, {quant8({2})}) == 3);
  CHECK(level_of(Op::DEQUANTIZE, {quant8({2})}, {float32({2})}) == 1);
  TestOperands rnn = {float32({2, 3, 4}), float32({5, 4}), float32({5, 5}), float32({5}),
                      float32({3, 5}),    integer(1),      integer(0)};
  CHECK(level_of(Op::UNIDIRECTIONAL_SEQUENCE_RNN, rnn, {float32({2, 3, 5})}) == 3);
  Legality state = legality_of(Op::UNIDIRECTIONAL_SEQUENCE_RNN, rnn, {float32({2, 3, 5}), float32({3, 5})});
  CHECK(state.level == 4);
  CHECK(state.reason == "UNIDIRECTIONAL_SEQUENCE_RNN's hidden_state_out needs API 30");
}

TEST_CASE("moving operations take no INT32 and no BOOL8") {
  for (Type type : {Type::TENSOR_INT32, Type::TENSOR_BOOL8}) {
    TestOperand a = tensor(type, {2, 2});
    std::string none = " takes no " + std::string(name(type));
    CHECK(refusal_of(Op::TRANSPOSE, {a, list({1, 0})}, {a}) == "TRANSPOSE" + none);
    CHECK(refusal_of(Op::SQUEEZE, {a, list({0})}, {a}) == "SQUEEZE" + none);
    CHECK(refusal_of(Op::CONCATENATION, {a, a, integer(0)}, {a}) == "CONCATENATION" + none);
    TestOperand two = list({1, 1});
    CHECK(refusal_of(Op::STRIDED_SLICE, {a, two, two, two, integer(0), integer(0), integer(0)}, {a}) ==
          "STRIDED_SLICE" + none);
  }
}

TEST_CASE("implicit and explicit padding put the activation in different places") {
  TestOperands implicit = {
      float32({1, 8, 8, 4}), float32({6, 3, 3, 4}), float32({6}), integer(1), integer(1), integer(1), integer(4)};
  CHECK(refusal_of(Op::CONV_2D, implicit, {float32({1, 8, 8, 6})}) ==
        "CONV_2D's activation is 4 and must be a fused activation, 0 to 3");
  implicit[6] = integer(3);
  CHECK(level_of(Op::CONV_2D, implicit, {float32({1, 8, 8, 6})}) == 1);
  TestOperands explicit_padding = float_conv();
  explicit_padding[6] = integer(2);  // padding_bottom
  CHECK(level_of(Op::CONV_2D, explicit_padding, {float32({1, 8, 6, 6})}) == 1);
  explicit_padding[9] = integer(4);  // activation
  CHECK(level_of(Op::CONV_2D, explicit_padding, {float32({1, 8, 6, 6})}) == 0);
}

TEST_CASE("RESHAPE from rank 5 is refused") {
  CHECK(level_of(Op::RESHAPE, {float32({2, 2}), list({4})}, {float32({4})}) == 1);
  CHECK(refusal_of(Op::RESHAPE, {float32({1, 1, 1, 2, 2}), list({4})}, {float32({4})}) ==
        "RESHAPE's input of rank 5: the rank must be at most 4");
}

}  // namespace passerelle::nnapi::test
