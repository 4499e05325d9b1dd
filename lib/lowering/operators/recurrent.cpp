// Recurrent networks over sequences of known length, and their single cells.
//
// A short sequence is written step by step; of a long one NNAPI's own sequence operation is made, where there is one.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "families.h"
#include "passerelle/nnapi/arguments.h"
#include "recurrent_cells.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// Accelerators seldom have the sequence operations, but the number of operations of steps grows with the sequence.
constexpr uint32_t most_steps_unrolled = 32;

void refuse_unless_float32(Context& c, std::string_view input) {
  if (c.tensor(input).element_type() != OperandType::TENSOR_FLOAT32)
    c.refuse(Reason::element_type, "a recurrent network is converted in float32 only",
             "convert the model with .float()");
}

// --- What the network is.

/// Inputs or outputs of all steps, [steps * batch, size]: step by step.
struct Sequence {
  Value rows;
  uint32_t steps;
  uint32_t batch;
};

struct Network {
  const Cell* cell;
  size_t layers;
  size_t directions;
  std::vector<CellParameters> parameters;  // of the layers' directions, as `before`
  std::vector<CellState> before;
};

/// One of the states that are stacked: [states, batch, units] to [batch, units].
Value state_at(Context& c, Value states, uint32_t index) {
  const Shape shape = states.shape();
  return reshape(rows_of(c, states, index, 1), {shape[1], shape[2]});
}

std::vector<CellState> initial_states(Context& c, bool has_cell_state, size_t count) {
  const Values stacked = has_cell_state ? c.tensors("hx") : Values{c.tensor("hx")};
  std::vector<CellState> states;
  for (uint32_t i = 0; i < count; ++i) {
    states.push_back({state_at(c, stacked[0], i), std::nullopt});
    if (has_cell_state) states.back().cell = state_at(c, stacked[1], i);
  }
  return states;
}

std::vector<CellParameters> read_parameters(Context& c, size_t count, bool has_biases, bool projects) {
  const Values all = c.tensors("params");
  const size_t each = 2 + (has_biases ? 2 : 0) + (projects ? 1 : 0);
  if (all.size() != count * each)
    c.refuse(Reason::argument,
             "it has " + std::to_string(all.size()) + " weights instead of " + std::to_string(count * each));
  std::vector<CellParameters> parameters;
  for (size_t first = 0; first < all.size(); first += each) {
    CellParameters& added = parameters.emplace_back(CellParameters{all[first], all[first + 1], {}, {}, {}});
    if (has_biases) {
      added.input_bias = all[first + 2];
      added.recurrent_bias = all[first + 3];
    }
    if (projects) added.projection = all[first + each - 1];
  }
  return parameters;
}

Network read_network(Context& c, const Cell& cell) {
  const bool is_lstm = &cell == &lstm_cell;
  Network network{
      &cell, static_cast<size_t>(c.integer("num_layers")), c.boolean("bidirectional") ? size_t{2} : 1, {}, {}};
  const size_t count = network.layers * network.directions;
  network.before = initial_states(c, is_lstm, count);
  const bool projects = is_lstm && network.before[0].hidden.shape() != network.before[0].cell->shape();
  network.parameters = read_parameters(c, count, c.boolean("has_biases"), projects);
  return network;
}

Sequence read_sequence(Context& c) {
  Value input = c.tensor("input");
  if (c.boolean("batch_first")) input = transpose(input, {1, 0, 2});
  const Shape shape = input.shape();
  return {reshape(input, {shape[0] * shape[1], shape[2]}), shape[0], shape[1]};
}

// --- Layers.

struct LayerResult {
  Value rows;
  std::vector<CellState> after;  // one a direction; a sequence operation leaves the cell's out
};

LayerResult unrolled_direction(Context& c, const Cell& cell, const CellParameters& parameters, const Sequence& sequence,
                               CellState state, bool backwards) {
  const CellWeights weights = cell.arrange(c, parameters);
  std::vector<Values> driven;
  for (Value all_steps : drive(c, weights, sequence.rows))
    driven.push_back(split(c, all_steps, 0, std::vector<uint32_t>(sequence.steps, sequence.batch)));
  Values outputs;
  for (uint32_t i = 0; i < sequence.steps; ++i) {
    const uint32_t step = backwards ? sequence.steps - 1 - i : i;
    Values now;
    for (const Values& steps : driven) now.push_back(steps[step]);
    state = cell.step(c, weights, now, state);
    outputs.push_back(state.hidden);
  }
  if (backwards) std::reverse(outputs.begin(), outputs.end());
  return {concatenated(c, outputs, 0), {state}};
}

LayerResult unrolled_layer(Context& c, const Network& network, size_t first, const Sequence& sequence) {
  Values rows;
  std::vector<CellState> after;
  for (size_t direction = 0; direction < network.directions; ++direction) {
    LayerResult result = unrolled_direction(c, *network.cell, network.parameters[first + direction], sequence,
                                            network.before[first + direction], direction == 1);
    rows.push_back(result.rows);
    after.push_back(result.after.front());
  }
  return {concatenated(c, rows, 1), after};
}

using Arguments = std::vector<std::pair<std::string, Argument>>;

/// Builder::emit for arguments whose names are put together.
Value emit_named(Context& c, OperationType type, const Arguments& named) {
  graph::Operation operation;
  operation.type = type;
  operation.arguments.resize(nnapi::argument_table(type).size());
  for (const auto& [name, value] : named) operation.argument(name) = value;
  return c.builder().append(std::move(operation)).front();
}

void name_lstm_direction(Context& c, const CellWeights& weights, const CellState& before, const std::string& prefix,
                         Arguments& named) {
  // PyTorch's gates have this order too.
  constexpr std::array<const char*, 4> gates{"input", "forget", "cell", "output"};
  const uint32_t units = weights.input[0].weights.shape()[0] / 4;
  for (uint32_t i = 0; i < gates.size(); ++i) {
    const std::string gate = gates[i];
    const auto part = [&](Value all) { return rows_of(c, all, i * units, units); };
    named.emplace_back(prefix + "input_to_" + gate + "_weights", part(weights.input[0].weights));
    named.emplace_back(prefix + "recurrent_to_" + gate + "_weights", part(weights.recurrent[0].weights));
    named.emplace_back(prefix + (gate == "cell" ? "cell_bias" : gate + "_gate_bias"), part(weights.input[0].bias));
  }
  if (weights.projection) named.emplace_back(prefix + "projection_weights", *weights.projection);
  named.emplace_back(prefix + "output_state_in", before.hidden);
  named.emplace_back(prefix + "cell_state_in", *before.cell);
}

void name_rnn_direction(const CellWeights& weights, const CellState& before, const std::string& prefix,
                        Arguments& named) {
  named.emplace_back(prefix + "weights", weights.input[0].weights);
  named.emplace_back(prefix + "recurrent_weights", weights.recurrent[0].weights);
  named.emplace_back(prefix + "bias", weights.input[0].bias);
  named.emplace_back(prefix + "hidden_state_in", before.hidden);
}

OperationType sequence_operation(const Network& network) {
  const bool both = network.directions == 2;
  if (network.cell == &lstm_cell) return both ? Op::BIDIRECTIONAL_SEQUENCE_LSTM : Op::UNIDIRECTIONAL_SEQUENCE_LSTM;
  return both ? Op::BIDIRECTIONAL_SEQUENCE_RNN : Op::UNIDIRECTIONAL_SEQUENCE_RNN;
}

/// Arguments that do not belong to a direction.
void name_parameters(OperationType operation, Arguments& named) {
  constexpr int32_t relu = 1, tanh = 4;
  const bool is_lstm = operation == Op::BIDIRECTIONAL_SEQUENCE_LSTM || operation == Op::UNIDIRECTIONAL_SEQUENCE_LSTM;
  named.emplace_back("activation", is_lstm ? tanh : relu);
  if (is_lstm) {
    // 0 for none.
    named.emplace_back("cell_clip", 0.0f);
    named.emplace_back("proj_clip", 0.0f);
  }
  if (operation == Op::UNIDIRECTIONAL_SEQUENCE_RNN) {
    named.emplace_back("time_major", 1);  // it came before there was a BOOL
  } else {
    named.emplace_back("time_major", true);
  }
  if (operation == Op::BIDIRECTIONAL_SEQUENCE_LSTM || operation == Op::BIDIRECTIONAL_SEQUENCE_RNN)
    named.emplace_back("merge_outputs", true);
}

/// The hidden states at the end, which are the last outputs of their directions.
std::vector<CellState> last_outputs(Context& c, Value rows, const Sequence& sequence, size_t directions) {
  const uint32_t units = rows.shape()[1] / static_cast<uint32_t>(directions);
  std::vector<CellState> after;
  for (uint32_t direction = 0; direction < directions; ++direction) {
    const uint32_t step = direction == 0 ? sequence.steps - 1 : 0;
    const Value both = rows_of(c, rows, step * sequence.batch, sequence.batch);
    after.push_back({sliced(c, both, 1, direction * units, units), std::nullopt});
  }
  return after;
}

LayerResult layer_as_one_operation(Context& c, const Network& network, size_t first, const Sequence& sequence) {
  const uint32_t inputs = sequence.rows.shape()[1];
  const OperationType operation = sequence_operation(network);
  Arguments named{{"input", reshape(sequence.rows, {sequence.steps, sequence.batch, inputs})}};
  for (size_t i = 0; i < network.directions; ++i) {
    const CellWeights weights = network.cell->arrange(c, network.parameters[first + i]);
    const std::string prefix = network.directions == 1 ? "" : i == 0 ? "fw_" : "bw_";
    if (network.cell == &lstm_cell) {
      name_lstm_direction(c, weights, network.before[first + i], prefix, named);
    } else {
      name_rnn_direction(weights, network.before[first + i], prefix, named);
    }
  }
  name_parameters(operation, named);
  const Value result = emit_named(c, operation, named);
  const Value rows = reshape(result, {sequence.steps * sequence.batch, result.shape().back()});
  return {rows, last_outputs(c, rows, sequence, network.directions)};
}

/// NNAPI has operations for sequences of LSTM, whose cell states come out from feature level 4 on only, and of simple
/// networks, for which no TANH is documented.
bool is_one_operation(Context& c, const Network& network, const Sequence& sequence) {
  if (sequence.steps <= most_steps_unrolled) return false;
  if (network.cell == &lstm_cell) return !c.is_used(2);
  return network.cell == &rnn_relu_cell;
}

// --- Whole networks.

void bind_states(Context& c, size_t result, const Values& states) {
  if (!c.is_used(result)) return;
  c.result(result, reshape(concatenated(c, states, 0), c.result_type(result).shape));
}

void bind_results(Context& c, const Network& network, const Sequence& sequence, const std::vector<CellState>& after) {
  Value output = reshape(sequence.rows, {sequence.steps, sequence.batch, sequence.rows.shape()[1]});
  if (c.boolean("batch_first")) output = transpose(output, {1, 0, 2});
  c.result(0, output);
  Values hidden, cells;
  for (const CellState& state : after) {
    hidden.push_back(state.hidden);
    if (state.cell) cells.push_back(*state.cell);
  }
  bind_states(c, 1, hidden);
  if (network.cell == &lstm_cell) bind_states(c, 2, cells);
}

void lower_network(Context& c, const Cell& cell) {
  if (c.has("batch_sizes"))
    c.refuse(Reason::argument, "it takes a packed sequence, whose steps have batches of different sizes",
             "give it a padded tensor: leave out pack_padded_sequence");
  refuse_unless_float32(c, "input");
  if (c.boolean("train") && c.number("dropout") != 0 && c.integer("num_layers") > 1)
    c.refuse(Reason::nondeterministic, "its dropout between layers is in training mode", "call eval() before saving");
  const Network network = read_network(c, cell);
  Sequence sequence = read_sequence(c);
  const bool as_one = is_one_operation(c, network, sequence);
  std::vector<CellState> after;
  for (size_t layer = 0; layer < network.layers; ++layer) {
    const size_t first = layer * network.directions;
    LayerResult result =
        as_one ? layer_as_one_operation(c, network, first, sequence) : unrolled_layer(c, network, first, sequence);
    sequence.rows = result.rows;
    after.insert(after.end(), result.after.begin(), result.after.end());
  }
  bind_results(c, network, sequence, after);
}

void lower_lstm(Context& c) { lower_network(c, lstm_cell); }
void lower_gru(Context& c) { lower_network(c, gru_cell); }
void lower_rnn_tanh(Context& c) { lower_network(c, rnn_tanh_cell); }
void lower_rnn_relu(Context& c) { lower_network(c, rnn_relu_cell); }

// --- Single cells.

std::optional<Value> tensor_or_none(Context& c, std::string_view name) {
  if (c.is_none(name)) return std::nullopt;
  return c.tensor(name);
}

CellState single_step(Context& c, const Cell& cell, const CellState& before) {
  refuse_unless_float32(c, "input");
  const CellWeights weights = cell.arrange(
      c, {c.tensor("w_ih"), c.tensor("w_hh"), tensor_or_none(c, "b_ih"), tensor_or_none(c, "b_hh"), std::nullopt});
  return cell.step(c, weights, drive(c, weights, c.tensor("input")), before);
}

void lower_lstm_cell(Context& c) {
  const Values before = c.tensors("hx");
  const CellState after = single_step(c, lstm_cell, {before[0], before[1]});
  c.result(0, after.hidden);
  c.result(1, *after.cell);
}

void bind_single_step(Context& c, const Cell& cell) {
  c.result(single_step(c, cell, {c.tensor("hx"), std::nullopt}).hidden);
}

void lower_gru_cell(Context& c) { bind_single_step(c, gru_cell); }
void lower_rnn_tanh_cell(Context& c) { bind_single_step(c, rnn_tanh_cell); }
void lower_rnn_relu_cell(Context& c) { bind_single_step(c, rnn_relu_cell); }

constexpr std::string_view packed = "packed sequences";

constexpr Lowering table[] = {
    {"aten::lstm", lower_lstm,
     "FULLY_CONNECTED, LOGISTIC, TANH, ... for each step; beyond 32 steps, if the last cell state is not used: "
     "UNIDIRECTIONAL_SEQUENCE_LSTM, BIDIRECTIONAL_SEQUENCE_LSTM",
     packed},
    {"aten::gru", lower_gru, "FULLY_CONNECTED, LOGISTIC, TANH, ... for each step", packed},
    {"aten::rnn_tanh", lower_rnn_tanh, "FULLY_CONNECTED, ADD, TANH for each step", packed},
    {"aten::rnn_relu", lower_rnn_relu,
     "FULLY_CONNECTED, ADD, RELU for each step; beyond 32 steps: UNIDIRECTIONAL_SEQUENCE_RNN, "
     "BIDIRECTIONAL_SEQUENCE_RNN",
     packed},
    {"aten::lstm_cell", lower_lstm_cell, "FULLY_CONNECTED, SPLIT, LOGISTIC, TANH, MUL, ADD", ""},
    {"aten::gru_cell", lower_gru_cell, "FULLY_CONNECTED, SPLIT, LOGISTIC, TANH, MUL, ADD, SUB", ""},
    {"aten::rnn_tanh_cell", lower_rnn_tanh_cell, "FULLY_CONNECTED, ADD, TANH", ""},
    {"aten::rnn_relu_cell", lower_rnn_relu_cell, "FULLY_CONNECTED, ADD, RELU", ""},
};

}  // namespace

Span<const Lowering> recurrent_lowerings() { return table; }

}  // namespace passerelle::lowering
