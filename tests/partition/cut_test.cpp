// The cut: convex, complete, in order, the same each time, and never dearer than what it is compared with.
#include <algorithm>
#include <functional>
#include <set>

#include "catch.h"
#include "passerelle/trace/multiply_adds.h"
#include "random_trace.h"

using namespace passerelle;
using partition::Costs;
using partition::Cut;
using partition::Part;
using tests::RandomTrace;
using trace::NodeId;
using trace::TensorId;

namespace {

std::vector<TensorId> read_by(const trace::Trace& trace, NodeId node) {
  std::vector<TensorId> tensors;
  for (const auto& argument : trace[node].arguments) tensors.push_back(*argument.second.tensor());
  return tensors;
}

TensorId made_by(const trace::Trace& trace, NodeId node) { return *trace[node].results.front().tensor(); }

std::vector<NodeId> nodes_of(const Cut& cut, const partition::Step& step) {
  if (const auto* node = std::get_if<NodeId>(&step)) return {*node};
  return cut.parts.at(std::get<size_t>(step)).nodes;
}

/// Every operator once, each behind what it reads; parts hand over what they say that they do.
void require_runs(const RandomTrace& from, const Cut& cut) {
  std::set<TensorId> there;
  for (const trace::Port& port : from.trace.inputs) there.insert(port.tensor);
  std::set<NodeId> run;
  NodeId last_in_order{};
  for (const partition::Step& step : cut.steps) {
    std::set<TensorId> inside = there;
    if (const auto* part = std::get_if<size_t>(&step)) {
      inside = {cut.parts[*part].inputs.begin(), cut.parts[*part].inputs.end()};
      for (TensorId id : inside) REQUIRE(there.count(id) == 1);
    }
    for (NodeId node : nodes_of(cut, step)) {
      for (TensorId id : read_by(from.trace, node)) REQUIRE(inside.count(id) == 1);
      inside.insert(made_by(from.trace, node));
      REQUIRE(run.insert(node).second);
      if (!from.constraints.in_order[graph::index(node)]) continue;
      REQUIRE(std::holds_alternative<NodeId>(step));
      REQUIRE((run.size() == 1 || last_in_order <= node));
      last_in_order = node;
    }
    if (const auto* part = std::get_if<size_t>(&step))
      there.insert(cut.parts[*part].outputs.begin(), cut.parts[*part].outputs.end());
    else
      there = inside;
  }
  REQUIRE(run.size() == from.trace.nodes.size());
  for (const trace::Port& port : from.trace.outputs) REQUIRE(there.count(port.tensor) == 1);
}

/// No path leaves a part and comes back.
bool is_convex(const trace::Trace& trace, const Part& part) {
  const std::set<NodeId> members(part.nodes.begin(), part.nodes.end());
  std::set<TensorId> from_part, from_outside;  // results of members; of others that depend on them
  for (uint32_t i = 0; i < trace.nodes.size(); ++i) {
    const NodeId node{i};
    bool reads_part = false, reads_outside = false;
    for (TensorId id : read_by(trace, node)) {
      reads_part = reads_part || from_part.count(id) > 0;
      reads_outside = reads_outside || from_outside.count(id) > 0;
    }
    if (members.count(node) > 0) {
      if (reads_outside) return false;
      from_part.insert(made_by(trace, node));
    } else if (reads_part || reads_outside) {
      from_outside.insert(made_by(trace, node));
    }
  }
  return true;
}

bool same(const Cut& a, const Cut& b) {
  const auto equal = [](const Part& x, const Part& y) {
    return x.nodes == y.nodes && x.inputs == y.inputs && x.outputs == y.outputs;
  };
  return a.steps == b.steps && std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), equal);
}

size_t nodes_in_parts(const Cut& cut) {
  size_t count = 0;
  for (const Part& part : cut.parts) count += part.nodes.size();
  return count;
}

/// input → work → blocker → work → output; a convolution's work is large where its image is.
RandomTrace split_by_blocker(int64_t size) {
  RandomTrace made;
  made.trace.origins.emplace_back();
  const TensorId x = tests::add_tensor(made.trace, {1, 64, size, size});
  tests::add_input(made.trace, x);
  const TensorId weight = tests::add_tensor(made.trace, {64, 64, 3, 3});
  made.trace.tensors.back().dependence = trace::Dependence::constant;
  const auto conv = [&](TensorId input) {
    return tests::add_node(made, "conv2d", {input, weight}, {1, 64, size, size});
  };
  const TensorId blocked = tests::add_node(made, "mode", {conv(conv(x))}, {1, 64, size, size}, true);
  tests::add_output(made.trace, conv(conv(blocked)));
  return made;
}

}  // namespace

TEST_CASE("random traces are cut into convex parts that run, the same each time") {
  std::mt19937 random(20261201);
  for (int trial = 0; trial < 1500; ++trial) {
    const RandomTrace made = tests::random_trace(random, 40);
    Costs costs;
    REQUIRE(partition::set(costs, trial % 3 == 0 ? "gpu" : "npu"));
    REQUIRE(partition::set(costs, "call=" + std::to_string(trial % 5 * 200)));
    const Cut greedy = partition::greedy_cut(made.trace, made.constraints, costs);
    const Cut cut = partition::cut(made.trace, made.constraints, costs);
    INFO("trial " << trial << " of " << made.trace.nodes.size() << " operators");
    for (const Cut* each : {&greedy, &cut}) {
      require_runs(made, *each);
      for (const Part& part : each->parts) REQUIRE(is_convex(made.trace, part));
      for (const Part& part : each->parts)
        for (NodeId node : part.nodes) REQUIRE_FALSE(made.constraints.stays[graph::index(node)]);
    }
    const bool whole = std::count(made.constraints.stays.begin(), made.constraints.stays.end(), true) +
                           std::count(made.constraints.in_order.begin(), made.constraints.in_order.end(), true) ==
                       0;
    CHECK(cut.nanoseconds <= greedy.nanoseconds);
    CHECK((whole || cut.nanoseconds <= cut.all_cpu * (1 + 1e-9)));
    CHECK(same(cut, partition::cut(made.trace, made.constraints, costs)));
  }
}

TEST_CASE("what is large goes to NNAPI on both sides of a blocker, what is small is given back") {
  const RandomTrace large = split_by_blocker(64), small = split_by_blocker(2);
  const Cut of_large = partition::cut(large.trace, large.constraints, {});
  REQUIRE(of_large.parts.size() == 2);
  CHECK(nodes_in_parts(of_large) == 4);
  const Cut of_small = partition::cut(small.trace, small.constraints, {});
  CHECK(of_small.parts.empty());
  CHECK(of_small.nanoseconds == Catch::Approx(of_small.all_cpu));
  CHECK(partition::greedy_cut(small.trace, small.constraints, {}).parts.size() == 2);
}

TEST_CASE("a model without a blocker is one part, whatever it costs") {
  RandomTrace made = split_by_blocker(2);
  made.constraints.stays.assign(made.constraints.stays.size(), false);
  const Cut cut = partition::cut(made.trace, made.constraints, {});
  REQUIRE(cut.parts.size() == 1);
  CHECK(nodes_in_parts(cut) == made.trace.nodes.size());
}

TEST_CASE("what one later part alone reads waits for it: one call instead of two") {
  RandomTrace made = split_by_blocker(64);
  // Beside the blocker, from the input to the last convolution.
  const TensorId x = made.trace.inputs.front().tensor;
  const TensorId beside = tests::add_node(made, "relu", {x}, {1, 64, 64, 64});
  const TensorId last = made.trace.outputs.front().tensor;
  made.trace.outputs.clear();
  tests::add_output(made.trace, tests::add_node(made, "add", {last, beside}, {1, 64, 64, 64}));
  Costs costs;
  REQUIRE(partition::set(costs, "border_byte=0"));
  CHECK(partition::cut(made.trace, made.constraints, costs).parts.size() == 2);
}

TEST_CASE("a quantize and the dequantize behind it stay together") {
  RandomTrace made;
  made.trace.origins.emplace_back();
  const TensorId x = tests::add_tensor(made.trace, {1, 8});
  tests::add_input(made.trace, x);
  const TensorId integers = tests::add_node(made, "quantize_per_tensor", {x}, {1, 8});
  tests::add_output(made.trace, tests::add_node(made, "dequantize", {integers}, {1, 8}, true));
  CHECK(partition::greedy_cut(made.trace, made.constraints, {}).parts.empty());
}

TEST_CASE("a part as a model of its own") {
  const RandomTrace made = split_by_blocker(64);
  const Cut cut = partition::cut(made.trace, made.constraints, {});
  REQUIRE(cut.parts.size() == 2);
  const trace::Trace first = partition::trace_of(made.trace, cut.parts[0]);
  CHECK(trace::to_text(first) ==
        "input x0 = %0 float32[1,64,64,64]\n"
        "%2 float32[1,64,64,64] = aten::conv2d(input0=%0, input1=$1 float32[64,64,3,3])\n"
        "%3 float32[1,64,64,64] = aten::conv2d(input0=%2, input1=$1 float32[64,64,3,3])\n"
        "output value3 = %3 float32[1,64,64,64]\n");
}
