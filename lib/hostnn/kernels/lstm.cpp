// LSTM, UNIDIRECTIONAL_SEQUENCE_LSTM, BIDIRECTIONAL_SEQUENCE_LSTM.
#include <array>

#include "onednn.h"
#include "recurrent.h"

namespace passerelle::hostnn {
namespace {

// The gates, in the order in which NNAPI lists their tensors. Without input gate tensors (coupled input and forget
// gates) the input gate is what the forget gate leaves.
enum Gate { input_gate, forget_gate, cell_gate, output_gate, gate_count };

using PerGate = std::array<Tensor, gate_count>;  // undefined where left out

struct Cell {
  PerGate input_weights;      // [units, inputs]
  PerGate recurrent_weights;  // [units, outputs]
  PerGate auxiliary_weights;
  PerGate peephole_weights;  // [units]
  PerGate bias;
  PerGate norm_weights;
  Tensor projection_weights;  // [outputs, units]
  Tensor projection_bias;
  int64_t activation = 0;
  double cell_clip = 0;        // 0: none
  double projection_clip = 0;  // the same
};

Tensor optional(const Call& call, size_t index) { return call.has(index) ? call.tensor(index) : Tensor(); }

PerGate read_gates(const Call& call, size_t first) {
  PerGate gates;
  for (size_t gate = 0; gate < gate_count; ++gate) gates[gate] = optional(call, first + gate);
  return gates;
}

/// Weights of one direction, 17 inputs from `first` on.
Cell read_cell(const Call& call, size_t first) {
  Cell cell;
  cell.input_weights = read_gates(call, first);
  cell.recurrent_weights = read_gates(call, first + 4);
  cell.peephole_weights = {optional(call, first + 8), optional(call, first + 9), Tensor(), optional(call, first + 10)};
  cell.bias = read_gates(call, first + 11);
  cell.projection_weights = optional(call, first + 15);
  cell.projection_bias = optional(call, first + 16);
  return cell;
}

/// Activation and the two limits, from `first` on.
void read_parameters(const Call& call, size_t first, Cell& cell) {
  cell.activation = call.integer(first);
  cell.cell_clip = call.real(first + 1);
  cell.projection_clip = call.real(first + 2);
}

struct State {
  Tensor output;  // [batch, outputs]
  Tensor cell;    // [batch, units]
};

struct Sequence {
  Tensor outputs;  // [time, batch, outputs]
  State state;
};

Tensor limited(const Tensor& values, double limit) { return limit > 0 ? values.clamp(-limit, limit) : values; }

/// The gate's value before its activation: normalised over the units, if it has weights for that, and then biased.
Tensor normalised(const Cell& cell, Gate gate, const Tensor& sum) {
  if (!cell.norm_weights[gate].defined()) return sum + cell.bias[gate];
  const Tensor centred = sum - sum.mean(-1, true);
  const Tensor deviation = (centred.square().mean(-1, true) + 1e-8).sqrt();
  return centred / deviation * cell.norm_weights[gate] + cell.bias[gate];
}

/// `driven` is what the inputs contribute; `peeped` the cell state that a peephole looks at.
Tensor gate_value(const Cell& cell, Gate gate, const Tensor& driven, const Tensor& output, const Tensor& peeped) {
  Tensor sum = driven + at::linear(output, cell.recurrent_weights[gate]);
  if (cell.peephole_weights[gate].defined()) sum = sum + peeped * cell.peephole_weights[gate];
  return normalised(cell, gate, sum);
}

State step(const Cell& cell, const PerGate& driven, const State& before) {
  const auto value = [&](Gate gate, const Tensor& peeped) {
    return gate_value(cell, gate, driven[gate], before.output, peeped);
  };
  const Tensor forget = at::sigmoid(value(forget_gate, before.cell));
  const Tensor input =
      cell.input_weights[input_gate].defined() ? at::sigmoid(value(input_gate, before.cell)) : 1 - forget;
  State after;
  after.cell = forget * before.cell + input * apply_activation(value(cell_gate, before.cell), cell.activation);
  after.cell = limited(after.cell, cell.cell_clip);
  after.output = at::sigmoid(value(output_gate, after.cell)) * apply_activation(after.cell, cell.activation);
  if (cell.projection_weights.defined()) {
    after.output = at::linear(after.output, cell.projection_weights);
    if (cell.projection_bias.defined()) after.output = after.output + cell.projection_bias;
    after.output = limited(after.output, cell.projection_clip);
  }
  return after;
}

/// What a sequence contributes to each gate, for all steps at once.
Tensor drive(const Tensor& sequence, const Tensor& weights) {
  return matrix_product(sequence.reshape({-1, sequence.size(2)}), weights.t())
      .reshape({sequence.size(0), sequence.size(1), weights.size(0)});
}

Sequence run_sequence(const Cell& cell, const Tensor& input, const Tensor& auxiliary, State state, bool backwards) {
  PerGate driven;
  for (size_t gate = 0; gate < gate_count; ++gate) {
    if (!cell.input_weights[gate].defined()) continue;
    driven[gate] = drive(input, cell.input_weights[gate]);
    if (auxiliary.defined()) driven[gate] = driven[gate] + drive(auxiliary, cell.auxiliary_weights[gate]);
  }
  const int64_t steps = input.size(0);
  Tensors outputs(steps);
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t index = backwards ? steps - 1 - i : i;
    PerGate now;
    for (size_t gate = 0; gate < gate_count; ++gate)
      if (driven[gate].defined()) now[gate] = driven[gate][index];
    state = step(cell, now, state);
    outputs[index] = state.output;
  }
  return {at::stack(outputs), state};
}

/// One step. Its first output is room that Android's own kernel works in.
Tensors lstm(const Call& call) {
  Cell cell = read_cell(call, 1);
  read_parameters(call, 20, cell);
  cell.norm_weights = read_gates(call, 23);
  const Sequence sequence =
      run_sequence(cell, call.tensor(0).unsqueeze(0), {}, {call.tensor(18), call.tensor(19)}, false);
  const State& state = sequence.state;
  const int64_t gates = cell.input_weights[input_gate].defined() ? 4 : 3;
  const Tensor scratch = at::zeros({state.cell.size(0), state.cell.size(1) * gates}, state.cell.options());
  return {scratch, state.output, state.cell, state.output};
}

Tensors unidirectional_sequence_lstm(const Call& call) {
  Cell cell = read_cell(call, 1);
  read_parameters(call, 20, cell);
  cell.norm_weights = read_gates(call, 24);
  const bool time_major = call.boolean(23);
  const Sequence sequence =
      run_sequence(cell, to_time_major(call.tensor(0), time_major), {}, {call.tensor(18), call.tensor(19)}, false);
  Tensors results{from_time_major(sequence.outputs, time_major)};
  if (call.output_count() == 3) results.insert(results.end(), {sequence.state.output, sequence.state.cell});
  return results;
}

Tensors bidirectional_sequence_lstm(const Call& call) {
  const bool merge = call.boolean(51);
  const bool time_major = call.boolean(52);
  Cell forward = read_cell(call, 1);
  Cell backward = read_cell(call, 18);
  read_parameters(call, 48, forward);
  read_parameters(call, 48, backward);
  forward.auxiliary_weights = read_gates(call, 40);
  backward.auxiliary_weights = read_gates(call, 44);
  forward.norm_weights = read_gates(call, 53);
  backward.norm_weights = read_gates(call, 57);
  const bool has_auxiliary_weights = forward.auxiliary_weights[forget_gate].defined();
  require(has_auxiliary_weights == backward.auxiliary_weights[forget_gate].defined(),
          "one direction alone has auxiliary weights");
  const Directions directions = link(call.tensor(0), call.optional_tensor(39), has_auxiliary_weights, time_major);
  const Sequence first =
      run_sequence(forward, directions.forward_input, directions.auxiliary, {call.tensor(35), call.tensor(36)}, false);
  const Sequence second =
      run_sequence(backward, directions.backward_input, directions.auxiliary, {call.tensor(37), call.tensor(38)}, true);
  Tensors results = join(first.outputs, second.outputs, merge, time_major);
  if (call.output_count() > results.size())
    results.insert(results.end(), {first.state.output, first.state.cell, second.state.output, second.state.cell});
  return results;
}

constexpr Row rows[] = {
    {OperationType::BIDIRECTIONAL_SEQUENCE_LSTM, bidirectional_sequence_lstm, float32},
    {OperationType::LSTM, lstm, float32},
    {OperationType::UNIDIRECTIONAL_SEQUENCE_LSTM, unidirectional_sequence_lstm, float32},
};

}  // namespace

Span<const Row> lstm_rows() { return rows; }

}  // namespace passerelle::hostnn
