#include "passerelle/graph/graph.h"

#include <algorithm>

#include "catch.h"
#include "passerelle/support/check.h"

namespace passerelle::graph {
namespace {

const TensorType vector4{OperandType::TENSOR_FLOAT32, {4}, {}};

/// x → RELU → TANH → output, beside an ABS that nobody reads.
Graph small() {
  Graph graph;
  OperandId x = graph.add_operand(vector4);
  graph.inputs.push_back(x);
  OperandId relu = graph.append(OperationType::RELU, {{"input", x}}, vector4, 0);
  graph.append(OperationType::ABS, {{"input", relu}}, vector4, 0);
  OperandId tanh = graph.append(OperationType::TANH, {{"input", relu}}, vector4, 0);
  graph.outputs.push_back(tanh);
  return graph;
}

}  // namespace

TEST_CASE("dead operations and constants go, the rest is renumbered") {
  Graph graph = small();
  graph.add_constant(Constant::list({1, 2}));
  graph.remove_dead();
  CHECK(graph.operations.size() == 2);
  CHECK(graph.operands.size() == 3);
  graph.check_invariants();
  CHECK(graph.operations[1].operand("input") == graph.operations[0].output());
}

TEST_CASE("sorting restores the order of operations") {
  Graph graph = small();
  std::reverse(graph.operations.begin(), graph.operations.end());
  CHECK_THROWS_AS(graph.check_invariants(), InternalError);
  graph.sort();
  graph.check_invariants();
}

TEST_CASE("a cycle is a bug") {
  Graph graph = small();
  graph.operations[0].argument("input") = graph.operations[2].output();
  CHECK_THROWS_AS(graph.sort(), InternalError);
}

TEST_CASE("arguments have names and defaults") {
  Graph graph;
  OperandId x = graph.add_operand({OperandType::TENSOR_FLOAT32, {1, 4, 4, 2}, {}});
  Operation pool = graph.make_operation(
      OperationType::MAX_POOL_2D,
      {{"input", x}, {"filter_width", 3}, {"filter_height", 2}, {"stride_width", 1}, {"stride_height", 1}}, {vector4},
      0);
  CHECK(pool.integer("filter_height") == 2);
  CHECK(pool.integer("activation") == 0);
  CHECK(pool.boolean("nchw") == false);
  CHECK(pool.inputs() == std::vector<OperandId>{x});
  CHECK_THROWS_AS(pool.integer("no_such_argument"), InternalError);
  CHECK_THROWS_AS(graph.make_operation(OperationType::RELU, {{"wrong", x}}, {vector4}, 0), InternalError);
}

}  // namespace passerelle::graph
