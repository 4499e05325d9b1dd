#include <algorithm>

#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

/// A network, as torch.lstm and its like take it.
struct Network {
  const char* op;
  int64_t gates;
  int64_t steps = 3;
  int64_t batch = 2;
  int64_t layers = 1;
  bool bidirectional = false;
  bool batch_first = false;
  bool biases = true;
  bool states_are_inputs = false;
  int64_t projected = 0;
  const char* returned = "r";
};

constexpr int64_t inputs = 3, units = 4;

bool is_lstm(const Network& network) { return std::string(network.op) == "lstm"; }

Case case_of(const Network& network) {
  Case test;
  const int64_t directions = network.bidirectional ? 2 : 1;
  const int64_t outputs = network.projected ? network.projected : units;
  std::vector<Tensor>& states = network.states_are_inputs ? test.inputs : test.attributes;
  const std::string self = network.states_are_inputs ? "" : "self.";
  test.inputs.push_back({"x", network.batch_first ? Shape{network.batch, network.steps, inputs}
                                                  : Shape{network.steps, network.batch, inputs}});
  // The network's own states are zeros.
  const double greatest = network.states_are_inputs ? 1 : 0;
  states.push_back({"h", {network.layers * directions, network.batch, outputs}, -greatest, greatest});
  if (is_lstm(network))
    states.push_back({"c", {network.layers * directions, network.batch, units}, -greatest, greatest});
  std::string parameters;
  const auto add = [&](const std::string& name, const Shape& shape) {
    test.attributes.push_back({name, shape});
    parameters += (parameters.empty() ? "self." : ", self.") + name;
  };
  for (int64_t i = 0; i < network.layers * directions; ++i) {
    const std::string number = std::to_string(i);
    const int64_t rows = network.gates * units;
    add("w" + number, {rows, i < directions ? inputs : directions * outputs});
    add("u" + number, {rows, outputs});
    if (network.biases) add("a" + number, {rows});
    if (network.biases) add("b" + number, {rows});
    if (network.projected) add("p" + number, {outputs, units});
  }
  const std::string state = is_lstm(network) ? "[" + self + "h, " + self + "c]" : self + "h";
  test.body = "r = torch." + std::string(network.op) + "(x, " + state + ", [" + parameters + "], " +
              python(network.biases) + ", " + std::to_string(network.layers) + ", 0.3, False, " +
              python(network.bidirectional) + ", " + python(network.batch_first) + ")\n  return " + network.returned;
  return test;
}

/// All combinations of the forms that a network comes in.
void require_network(const Network& base) {
  std::vector<Case> cases;
  for (int64_t layers : {1, 2})
    for (bool bidirectional : {false, true})
      for (bool batch_first : {false, true})
        for (bool biases : {false, true})
          for (bool states_are_inputs : {false, true})
            for (auto [steps, batch] : {std::pair<int64_t, int64_t>{3, 2}, {1, 2}, {4, 1}}) {
              Network network = base;
              network.layers = layers;
              network.bidirectional = bidirectional;
              network.batch_first = batch_first;
              network.biases = biases;
              network.states_are_inputs = states_are_inputs;
              network.steps = steps;
              network.batch = batch;
              cases.push_back(case_of(network));
            }
  require_all(some_of(std::move(cases), 14));
}

Network network(const char* op, int64_t gates) {
  Network result{};
  result.op = op;
  result.gates = gates;
  return result;
}

/// Long ones, for which there are operations of NNAPI's; and whether one of them is in the graph.
void require_long_network(Network base, const std::string& unidirectional, const std::string& bidirectional) {
  std::vector<Case> cases;
  base.steps = 33;
  for (bool both : {false, true})
    for (bool batch_first : {false, true})
      for (bool states_are_inputs : {false, true}) {
        base.bidirectional = both;
        base.batch_first = batch_first;
        base.states_are_inputs = states_are_inputs;
        base.biases = batch_first || states_are_inputs;
        base.layers = batch_first ? 2 : 1;
        cases.push_back(case_of(base));
        const std::vector<std::string> operations = operations_of(cases.back(), 3, false);
        const std::string& expected = both ? bidirectional : unidirectional;
        CHECK(std::count(operations.begin(), operations.end(), expected) == base.layers);
      }
  require_all(cases);
}

}  // namespace

TEST_CASE("aten::lstm") { require_network(network("lstm", 4)); }
TEST_CASE("aten::gru") { require_network(network("gru", 3)); }
TEST_CASE("aten::rnn_tanh") { require_network(network("rnn_tanh", 1)); }
TEST_CASE("aten::rnn_relu") { require_network(network("rnn_relu", 1)); }

TEST_CASE("aten::lstm with a projection") {
  Network projecting = network("lstm", 4);
  projecting.projected = 2;
  require_network(projecting);
}

TEST_CASE("A long LSTM is one operation a layer") {
  Network base = network("lstm", 4);
  base.returned = "(r[0], r[1])";
  require_long_network(base, "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM");
  base.projected = 2;
  require_long_network(base, "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM");
}

TEST_CASE("A long RNN with RELU is one operation a layer") {
  require_long_network(network("rnn_relu", 1), "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN");
}

TEST_CASE("Long recurrent networks without an operation of their own") {
  std::vector<Case> cases;
  for (Network base : {network("lstm", 4), network("gru", 3), network("rnn_tanh", 1)}) {
    base.steps = 33;
    base.bidirectional = true;
    cases.push_back(case_of(base));
  }
  require_all(cases);
}

TEST_CASE("Only a state of a recurrent network is returned") {
  std::vector<Case> cases;
  for (const char* returned : {"r[0]", "r[1]", "r[2]"})
    for (int64_t layers : {1, 2}) {
      Network base = network("lstm", 4);
      base.layers = layers;
      base.returned = returned;
      cases.push_back(case_of(base));
    }
  require_all(cases);
}

TEST_CASE("Recurrent networks that are refused") {
  Case packed;
  packed.body =
      "p = torch._pack_padded_sequence(x, self.lengths, False)\n"
      "  r = torch.gru(p[0], p[1], self.h, [self.w, self.u], False, 1, 0.0, False, False)\n"
      "  return r[0]";
  packed.inputs = {{"x", {3, 2, inputs}}};
  packed.attributes = {{"lengths", {2}, 2, 3, ElementType::int64},
                       {"h", {1, 2, units}},
                       {"w", {3 * units, inputs}},
                       {"u", {3 * units, units}}};
  require_refused(packed, "packed sequence");
  Case training = case_of([] {
    Network two = network("gru", 3);
    two.layers = 2;
    return two;
  }());
  const std::string evaluates = "0.3, False";
  training.body.replace(training.body.find(evaluates), evaluates.size(), "0.3, True");
  require_refused(training, "training mode");
}

TEST_CASE("Single recurrent cells") {
  std::vector<Case> cases;
  for (auto [op, gates] : {std::pair<const char*, int64_t>{"lstm", 4}, {"gru", 3}, {"rnn_tanh", 1}, {"rnn_relu", 1}})
    for (const char* biases : {"", ", self.a, self.b"})
      for (int64_t batch : {1, 3})
        for (double greatest : {0.0, 1.0}) {
          const int64_t rows = gates * units;
          const std::string state = gates == 4 ? "[self.h, c]" : "self.h";
          cases.push_back({"return torch." + std::string(op) + "_cell(x, " + state + ", self.w, self.u" + biases + ")",
                           {{"x", {batch, inputs}}, {"c", {batch, units}}},
                           {{"h", {batch, units}, -greatest, greatest},
                            {"w", {rows, inputs}},
                            {"u", {rows, units}},
                            {"a", {rows}},
                            {"b", {rows}}}});
        }
  for (auto [op, gates] : {std::pair<const char*, int64_t>{"gru", 3}, {"rnn_tanh", 1}})
    cases.push_back({"return torch." + std::string(op) + "_cell(x, h, w, u, a, b)",
                     {{"x", {2, inputs}},
                      {"h", {2, units}},
                      {"w", {gates * units, inputs}},
                      {"u", {gates * units, units}},
                      {"a", {gates * units}},
                      {"b", {gates * units}}}});
  require_all(cases);
}

TEST_CASE("Two LSTM cells, step by step, as a loop has them") {
  require_all(
      {{"h = self.h\n  c = self.h\n  out: List[Tensor] = []\n"
        "  for i in range(x.size(0)):\n"
        "    h, c = torch.lstm_cell(x[i], [h, c], self.w, self.u, self.a, self.a)\n"
        "    out.append(h)\n"
        "  return torch.stack(out)",
        {{"x", {5, 2, inputs}}},
        {{"h", {2, units}, 0, 0}, {"w", {4 * units, inputs}}, {"u", {4 * units, units}}, {"a", {4 * units}}}}});
}

TEST_CASE("States that are not None") {
  Case given = case_of([] {
    Network lstm = network("lstm", 4);
    lstm.states_are_inputs = true;
    return lstm;
  }());
  const std::string states = "[h, c]";
  given.body.replace(given.body.find(states), states.size(), "states");
  given.body =
      "pair: Optional[Tuple[Tensor, Tensor]] = (h, c)\n"
      "  if pair is None:\n"
      "    states = [self.w0, self.w0]\n"
      "  else:\n"
      "    states = [pair[0], pair[1]]\n"
      "  " +
      given.body;
  require_all({given});
}
