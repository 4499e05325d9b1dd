// Results inferred from what is known of the operands, and what is said where they contradict each other. That all
// operations are inferred right is shown by golden_test.cpp.
#include "passerelle/nnapi/infer.h"

#include "catch.h"
#include "operands.h"
#include "passerelle/nnapi/arguments.h"
#include "passerelle/nnapi/traits.h"

namespace passerelle::nnapi::test {
namespace {

std::vector<ResultType> results(Op operation, const TestOperands& inputs) {
  Expected<std::vector<ResultType>> inferred = infer(operation, views(inputs));
  REQUIRE(inferred);
  return *inferred;
}

Dimensions shape(Op operation, const TestOperands& inputs) { return results(operation, inputs).front().dimensions; }

std::string contradiction(Op operation, const TestOperands& inputs) {
  Expected<std::vector<ResultType>> inferred = infer(operation, views(inputs));
  return inferred ? "" : inferred.error().message;
}

TestOperand input(Dimensions dimensions) { return float32(std::move(dimensions)); }
TestOperand not_constant(TestOperand operand) {
  operand.value.clear();
  operand.is_constant = false;
  return operand;
}

}  // namespace

TEST_CASE("sizes that are not known stay so") {
  CHECK(shape(Op::ADD, {input({2, 0}), input({1, 3}), integer(0)}) == Dimensions{2, 3});
  CHECK(shape(Op::ADD, {input({2, 0}), input({1, 1}), integer(0)}) == Dimensions{2, 0});
  CHECK(shape(Op::ADD, {input({}), input({1, 3}), integer(0)}).empty());
  CHECK(shape(Op::RESHAPE, {input({2, 6}), not_constant(list({3, 4}))}) == Dimensions{0, 0});
  CHECK(shape(Op::RESHAPE, {input({2, 0}), list({-1, 4})}) == Dimensions{0, 4});
  CHECK(shape(Op::RESHAPE, {input({2, 6}), list({-1, 4})}) == Dimensions{3, 4});
  CHECK(shape(Op::CONCATENATION, {input({2, 0}), input({2, 3}), integer(1)}) == Dimensions{2, 0});
  CHECK(shape(Op::CONCATENATION, {input({0, 4}), input({2, 3}), integer(1)}) == Dimensions{2, 7});
  CHECK(shape(Op::MEAN, {input({2, 0, 4}), list({2}), integer(0)}) == Dimensions{2, 0});
  CHECK(shape(Op::MEAN, {input({2, 3, 4}), not_constant(list({2})), integer(0)}).empty());
  CHECK(shape(Op::MEAN, {input({2, 3, 4}), not_constant(list({2})), integer(1)}) == Dimensions{0, 0, 0});
  CHECK(shape(Op::DEPTH_TO_SPACE, {input({1, 8, 2, 2}), integer(2), not_constant(boolean(true))}) ==
        Dimensions{1, 0, 0, 0});
}

TEST_CASE("what a graph may hold before it is legal is inferred") {
  CHECK(shape(Op::ADD, {input({1, 1, 1, 1, 3}), input({2, 1, 1, 1, 1}), integer(0)}) == Dimensions{2, 1, 1, 1, 3});
  const TestOperand truths = tensor(Type::TENSOR_BOOL8, {2, 3});
  CHECK(shape(Op::TRANSPOSE, {truths, list({1, 0})}) == Dimensions{3, 2});
  CHECK(results(Op::TRANSPOSE, {truths, list({1, 0})})[0].type == Type::TENSOR_BOOL8);
}

TEST_CASE("types follow, but for those that the caller chooses") {
  const TestOperand numbers = tensor(Type::TENSOR_INT32, {2, 3});
  CHECK(results(Op::LESS, {numbers, numbers})[0].type == Type::TENSOR_BOOL8);
  CHECK(results(Op::TOPK_V2, {input({2, 3}), integer(1)})[1].type == Type::TENSOR_INT32);
  CHECK(results(Op::FILL, {list({2, 3}), real(1)})[0].type == Type::TENSOR_FLOAT32);
  CHECK(results(Op::FILL, {list({2, 3}), integer(1)})[0].type == Type::TENSOR_INT32);
  CHECK_FALSE(results(Op::CAST, {numbers})[0].type);
  CHECK_FALSE(results(Op::QUANTIZE, {input({2})})[0].type);
}

TEST_CASE("scales follow where NNAPI prescribes them") {
  const TestOperand integers = tensor(Type::TENSOR_QUANT8_ASYMM, {2, 4}, 0.5f, 7);
  const ResultType kept = results(Op::RESHAPE, {integers, list({8})})[0];
  REQUIRE(kept.quantization);
  CHECK(kept.quantization->scale == 0.5f);
  CHECK(kept.quantization->zero_point == 7);
  const TestOperand with_sign = tensor(Type::TENSOR_QUANT8_ASYMM_SIGNED, {2, 4}, 0.5f, 7);
  CHECK(results(Op::LOGISTIC, {with_sign})[0].quantization->zero_point == -128);
  CHECK_FALSE(results(Op::ADD, {integers, integers, integer(0)})[0].quantization);
  CHECK(prescribed_quantization(Op::TANH, Type::TENSOR_QUANT8_ASYMM, {})->scale == 1.0f / 128);
  CHECK(prescribed_quantization(Op::MAX_POOL_2D, Type::TENSOR_QUANT8_ASYMM, {0.25f, 3})->zero_point == 3);
  CHECK_FALSE(prescribed_quantization(Op::MUL, Type::TENSOR_QUANT8_ASYMM, {}));
}

TEST_CASE("IF and WHILE give what their models give") {
  const TestOperand condition = tensor(Type::TENSOR_BOOL8, {1}), x = input({2, 3});
  const TestOperand either = input({2, 5}), or_other = input({2, 7});
  const std::vector<OperandView> taken{x.view()}, first{either.view()}, second{or_other.view()};
  const ModelView then_model{taken, first}, else_model{taken, second};
  OperandView model;
  model.type = Type::MODEL;
  std::vector<OperandView> inputs{condition.view(), model, model, x.view()};
  inputs[1].model = &then_model;
  inputs[2].model = &else_model;
  const Expected<std::vector<ResultType>> branches = infer(Op::IF, inputs);
  REQUIRE(branches);
  REQUIRE(branches->size() == 1);
  CHECK((*branches)[0].type == Type::TENSOR_FLOAT32);
  CHECK((*branches)[0].dimensions == Dimensions{2, 0});
  inputs = {model, model, x.view()};
  inputs[1].model = &then_model;
  CHECK((*infer(Op::WHILE, inputs))[0].dimensions == Dimensions{2, 5});
}

TEST_CASE("contradictions are told") {
  CHECK(contradiction(Op::ADD, {input({2, 3}), input({2, 4}), integer(0)}) == "ADD can't broadcast 2x3 and 2x4");
  CHECK(contradiction(Op::RESHAPE, {input({2, 3}), list({4, 2})}) == "RESHAPE can't make 4x2 of 2x3");
  CHECK(contradiction(Op::SPLIT, {input({2, 5}), integer(1), integer(2)}) ==
        "SPLIT can't divide a dimension of size 5 by 2");
  CHECK(contradiction(Op::SLICE, {input({2, 5}), list({0, 3}), list({2, 3})}) ==
        "SLICE reaches outside of dimension 1 of 2x5");
  CHECK(contradiction(Op::TILE, {input({65536}), list({65536})}) == "TILE would give a dimension of size 4294967296");
  CHECK(contradiction(Op::GATHER, {input({2, 5}), integer(2), list({0})}) == "GATHER's axis 2 doesn't exist in rank 2");
  CHECK(contradiction(Op::SPLIT, {input({2, 5}), integer(1), integer(2000000000)}) ==
        "SPLIT can't give 2000000000 results");
  CHECK(contradiction(Op::RELU, {}) == "no form of RELU takes these operands");
}

TEST_CASE("every operation has its traits") {
  CHECK(traits(Op::ADD).axes == Axes::elementwise);
  CHECK(traits(Op::ADD).fuses_activation);
  CHECK_FALSE(traits(Op::LSTM).fuses_activation);
  CHECK(traits(Op::SLICE).axis_arguments == std::vector<std::string_view>{"begin", "size"});
  for (Op operation : all_operation_types()) {
    const Traits& row = traits(operation);
    const bool names_axes = row.axes != Axes::rigid && row.axes != Axes::elementwise;
    INFO(name(operation));
    CHECK(names_axes == !row.axis_arguments.empty());
    for (std::string_view argument : row.axis_arguments) CHECK(argument_index(operation, argument) >= 0);
  }
}

}  // namespace passerelle::nnapi::test
