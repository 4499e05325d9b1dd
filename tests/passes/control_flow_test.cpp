// Modules with branches and loops, from the passes to the host NNAPI.
#include "catch.h"
#include "executor.h"
#include "passerelle/passes/pipeline.h"

namespace passerelle::tests {
namespace {

using graph::Constant;
using graph::GraphId;
using graph::OperandId;
using graph::OperandType;
using graph::TensorType;
using Op = graph::OperationType;

const TensorType floats{OperandType::TENSOR_FLOAT32, {1, 4}, {}};
const TensorType number{OperandType::TENSOR_FLOAT32, {1}, {}};
const TensorType count{OperandType::TENSOR_INT32, {1}, {}};
const TensorType truth{OperandType::TENSOR_BOOL8, {1}, {}};
const Floats constant{1, -2, 3, -4};
constexpr int steps = 3;

OperandId formal(graph::Graph& graph, const TensorType& type) {
  graph.inputs.push_back(graph.add_operand(type));
  return graph.inputs.back();
}

OperandId binary(graph::Graph& graph, Op type, OperandId a, OperandId b, const TensorType& result) {
  return graph.append(type, {{"input1", a}, {"input2", b}}, result, 0);
}

graph::Port port(const char* name) {
  graph::Port port;
  port.name = name;
  port.shape = floats.shape;
  return port;
}

/// y = x if x.sum() > 0 else a constant; then three times: y = y * 0.5 if x.sum() > 0 else y + x. One branch returns
/// its input, one a constant, and the loop hands on what it does not change: all of them need copies.
graph::Module example() {
  graph::Module module;
  module.graphs.resize(7);
  module.origins.push_back({"prim::If", "", {}, {}});
  enum : uint32_t { then = 1, otherwise = 2, condition = 3, body = 4, half = 5, sum = 6 };
  graph::Graph& main = module.main();
  const OperandId x = main.add_operand(floats);
  const OperandId axes = main.add_constant(Constant::list({1}));
  const OperandId total = main.append(Op::REDUCE_SUM, {{"input", x}, {"axes", axes}, {"keep_dims", false}}, number, 0);
  const OperandId zero = main.add_constant(Constant::filled(0, {1}));
  const OperandId positive = binary(main, Op::GREATER, total, zero, truth);
  const auto models = [](uint32_t id) { return GraphId{id}; };
  const OperandId y = main.append(Op::IF,
                                  {{"condition", positive},
                                   {"then_model", models(then)},
                                   {"else_model", models(otherwise)},
                                   {"inputs", std::vector<OperandId>{x}}},
                                  floats, 0);
  const OperandId first = main.add_constant(Constant::list({0}));
  const OperandId z = main.append(Op::WHILE,
                                  {{"condition_model", models(condition)},
                                   {"body_model", models(body)},
                                   {"inputs", std::vector<OperandId>{y, first, positive, x}}},
                                  floats, 0);
  module.add_input(x, port("x"));
  module.add_output(z, port("z"));

  module.graphs[then].outputs = {formal(module.graphs[then], floats)};
  formal(module.graphs[otherwise], floats);
  module.graphs[otherwise].outputs = {module.graphs[otherwise].add_constant(Constant::from(constant, {1, 4}))};
  for (uint32_t id : {uint32_t{condition}, uint32_t{body}}) {
    graph::Graph& graph = module.graphs[id];
    const OperandId state = formal(graph, floats), counter = formal(graph, count), chosen = formal(graph, truth),
                    captured = formal(graph, floats);
    if (id == condition) {
      graph.outputs = {binary(graph, Op::LESS, counter, graph.add_constant(Constant::list({steps})), truth)};
      continue;
    }
    const OperandId next = graph.append(Op::IF,
                                        {{"condition", chosen},
                                         {"then_model", models(half)},
                                         {"else_model", models(sum)},
                                         {"inputs", std::vector<OperandId>{state, captured}}},
                                        floats, 0);
    graph.outputs = {next, binary(graph, Op::ADD, counter, graph.add_constant(Constant::list({1})), count), chosen};
  }
  for (uint32_t id : {uint32_t{half}, uint32_t{sum}}) {
    graph::Graph& graph = module.graphs[id];
    const OperandId state = formal(graph, floats), captured = formal(graph, floats);
    const OperandId scale = graph.add_constant(Constant::filled(0.5f, {1}));
    graph.outputs = {id == half ? binary(graph, Op::MUL, state, scale, floats)
                                : binary(graph, Op::ADD, state, captured, floats)};
  }
  module.check_invariants();
  return module;
}

Floats expected(const Floats& x) {
  float total = 0;
  for (float value : x) total += value;
  Floats y = total > 0 ? x : constant;
  for (int step = 0; step < steps; ++step)
    for (size_t i = 0; i < y.size(); ++i) y[i] = total > 0 ? y[i] * 0.5f : y[i] + x[i];
  return y;
}

}  // namespace

TEST_CASE("branches and loops compute what they say, whichever way they take") {
  int positive = 0;
  const graph::Module module = example();
  for (uint32_t seed = 1; seed <= 10; ++seed)
    for (int level : {8, 6, 4}) {  // the library is opened once, at the first
      CAPTURE(seed, level);
      const std::vector<Floats> inputs = random_inputs(module, seed);
      const Attempt attempt = attempt_at(module, level, inputs);
      REQUIRE(attempt.diagnostics.empty());
      const Floats wanted = expected(inputs[0]);
      positive += wanted[0] == inputs[0][0] / 8;
      for (size_t i = 0; i < wanted.size(); ++i) CHECK(attempt.outputs[0][i] == Catch::Approx(wanted[i]).margin(1e-5));
    }
  CHECK(positive > 0);
  CHECK(positive < 30);
}

TEST_CASE("below feature level 4 a module with control flow says from where it works") {
  graph::Module module = example();
  bool told = false;
  for (const graph::Diagnostic& each : passes::run(module, {3}))
    told = told || (each.reason == graph::Reason::needs_feature_level && each.feature_level == 4);
  CHECK(told);
}

}  // namespace passerelle::tests
