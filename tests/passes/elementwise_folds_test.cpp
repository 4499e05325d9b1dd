// Element-wise operations on five dimensions and more are folded alike: no RESHAPE between neighbours.
#include <algorithm>

#include "catch.h"
#include "passes.h"
#include "sketch.h"

namespace passerelle::tests {
namespace {

std::vector<Op> types_of(const graph::Graph& graph) {
  std::vector<Op> types;
  for (const graph::Operation& operation : graph.operations) types.push_back(operation.type.value());
  return types;
}

/// What is left when ranks are folded. The numbers are compared by tests/lowering: no NNAPI runs what was before.
std::vector<Op> folded(Sketch& s) {
  passes::fold_rank(s.module());
  passes::simplify(s.graph());
  s.graph().check_invariants();
  for (const graph::Operation& operation : s.graph().operations)
    for (OperandId id : operation.inputs()) CHECK(s.graph().shape(id).size() <= 4);
  return types_of(s.graph());
}

}  // namespace

TEST_CASE("one that broadcasts decides for its neighbours how dimensions are folded") {
  Sketch s(1);
  const OperandId x = s.input({1, 5, 2, 7, 7});
  const OperandId moved = s.binary(Op::ADD, s.unary(Op::LOGISTIC, x), s.constant({1, 1, 2, 7, 7}));
  s.output(s.binary(Op::MUL, moved, s.constant({1, 5, 2, 1, 1})));
  CHECK(folded(s) == std::vector<Op>{Op::LOGISTIC, Op::ADD, Op::MUL});
}

TEST_CASE("a slice decides for the element-wise operations around it") {
  Sketch s(2);
  const OperandId x = s.unary(Op::TANH, s.input({3, 5, 6, 7, 2}));
  const OperandId begin = s.list({0, 0, 1, 0, 0}), size = s.list({3, 5, 4, 7, 2});
  const OperandId part = s.emit(Op::SLICE, {{"input", x}, {"begin", begin}, {"size", size}}, {3, 5, 4, 7, 2});
  s.output(s.unary(Op::LOGISTIC, part));
  CHECK(folded(s) == std::vector<Op>{Op::TANH, Op::SLICE, Op::LOGISTIC});
}

TEST_CASE("a transpose decides for the element-wise operations around it") {
  Sketch s(3);
  const OperandId x = s.unary(Op::TANH, s.input({2, 3, 4, 5, 6}));
  const OperandId order = s.list({0, 1, 3, 4, 2});
  const OperandId turned = s.emit(Op::TRANSPOSE, {{"input", x}, {"permutation", order}}, {2, 3, 5, 6, 4});
  s.output(s.unary(Op::LOGISTIC, turned));
  CHECK(folded(s) == std::vector<Op>{Op::TANH, Op::TRANSPOSE, Op::LOGISTIC});
}

TEST_CASE("where all together would keep too many dimensions, each is folded for itself") {
  Sketch s(4);
  const OperandId x = s.input({2, 3, 4, 5, 6});
  s.output(s.binary(Op::MUL, s.unary(Op::TANH, x), s.constant({1, 1, 4, 5, 6})));
  s.output(s.binary(Op::ADD, s.unary(Op::ABS, x), s.constant({1, 1, 1, 5, 6})));
  s.output(s.binary(Op::SUB, s.unary(Op::LOGISTIC, x), s.constant({2, 3, 1, 1, 1})));
  s.output(s.binary(Op::MUL, s.unary(Op::RELU, x), s.constant({2, 1, 1, 1, 6})));
  const std::vector<Op> types = folded(s);
  CHECK(std::count(types.begin(), types.end(), Op::RESHAPE) > 0);
}

}  // namespace passerelle::tests
