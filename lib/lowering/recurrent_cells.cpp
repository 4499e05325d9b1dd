#include "recurrent_cells.h"

#include "layers.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

bool is_zero(Context& context, Value value) {
  if (!value.is_constant()) return false;
  const Constant known = *value.constant();
  return known.is_uniform() && known.sliced(0, 0, 1).floats().front() == 0;
}

Value bias_or_zero(Context& context, std::optional<Value> bias, Value weights) {
  return bias ? *bias : zero_bias(context, weights.shape()[0]);
}

/// Where both biases are only ever added, they are one, and it is added for all steps at once.
CellWeights with_one_bias(Context& context, const CellParameters& parameters) {
  const Value input_bias = bias_or_zero(context, parameters.input_bias, parameters.input_weights);
  const Value recurrent_bias = bias_or_zero(context, parameters.recurrent_bias, parameters.recurrent_weights);
  const Value none = zero_bias(context, parameters.recurrent_weights.shape()[0]);
  return {{{parameters.input_weights, input_bias + recurrent_bias}},
          {{parameters.recurrent_weights, none}},
          parameters.projection};
}

Value linear(Context& context, const Affine& layer, Value rows) {
  return fully_connected(context, rows, layer.weights, layer.bias);
}

/// driven + weights * hidden, for a layer whose bias is 0.
Value with_hidden(Context& context, Value driven, const Affine& layer, Value hidden) {
  return is_zero(context, hidden) ? driven : driven + linear(context, layer, hidden);
}

CellState lstm_step(Context& context, const CellWeights& weights, const Values& driven, const CellState& before) {
  const Value sum = with_hidden(context, driven[0], weights.recurrent[0], before.hidden);
  const uint32_t units = sum.shape()[1] / 4;
  const Values gates = split(context, sum, 1, {units, units, units, units});
  const Value input = logistic(gates[0]);
  const Value forget = logistic(gates[1]);
  const Value candidate = tanh(gates[2]);
  const Value output = logistic(gates[3]);
  Value cell = input * candidate;
  if (!is_zero(context, *before.cell)) cell = forget * *before.cell + cell;
  Value hidden = output * tanh(cell);
  if (weights.projection) {
    const uint32_t size = weights.projection->shape()[0];
    hidden = fully_connected(context, hidden, *weights.projection, zero_bias(context, size));
  }
  return {hidden, cell};
}

/// Two layers of each kind: one for the reset and the update gate, one for the candidate, whose recurrent part has a
/// bias of its own because the reset gate multiplies it.
CellWeights arrange_gru(Context& context, const CellParameters& parameters) {
  const Value w_input = parameters.input_weights, w_recurrent = parameters.recurrent_weights;
  const Value b_input = bias_or_zero(context, parameters.input_bias, w_input);
  const Value b_recurrent = bias_or_zero(context, parameters.recurrent_bias, w_recurrent);
  const uint32_t units = w_recurrent.shape()[0] / 3;
  const Value b_gates = rows_of(context, b_input, 0, 2 * units) + rows_of(context, b_recurrent, 0, 2 * units);
  return {{{rows_of(context, w_input, 0, 2 * units), b_gates},
           {rows_of(context, w_input, 2 * units, units), rows_of(context, b_input, 2 * units, units)}},
          {{rows_of(context, w_recurrent, 0, 2 * units), zero_bias(context, 2 * units)},
           {rows_of(context, w_recurrent, 2 * units, units), rows_of(context, b_recurrent, 2 * units, units)}},
          std::nullopt};
}

CellState gru_step(Context& context, const CellWeights& weights, const Values& driven, const CellState& before) {
  const Value sum = with_hidden(context, driven[0], weights.recurrent[0], before.hidden);
  const uint32_t units = sum.shape()[1] / 2;
  const Values gates = split(context, logistic(sum), 1, {units, units});
  const Value reset = gates[0], update = gates[1];
  const Affine& recurrent = weights.recurrent[1];
  const Value remembered = is_zero(context, before.hidden) ? recurrent.bias : linear(context, recurrent, before.hidden);
  const Value candidate = tanh(driven[1] + reset * remembered);
  const Value kept = update * (before.hidden - candidate);
  return {kept + candidate, std::nullopt};
}

template <OperationType activation>
CellState rnn_step(Context& context, const CellWeights& weights, const Values& driven, const CellState& before) {
  return {unary(activation, with_hidden(context, driven[0], weights.recurrent[0], before.hidden)), std::nullopt};
}

}  // namespace

const Cell lstm_cell{with_one_bias, lstm_step};
const Cell gru_cell{arrange_gru, gru_step};
const Cell rnn_tanh_cell{with_one_bias, rnn_step<Op::TANH>};
const Cell rnn_relu_cell{with_one_bias, rnn_step<Op::RELU>};

Values drive(Context& context, const CellWeights& weights, Value rows) {
  Values driven;
  for (const Affine& layer : weights.input) driven.push_back(linear(context, layer, rows));
  return driven;
}

Value rows_of(Context& context, Value value, uint32_t begin, uint32_t count) {
  if (value.is_constant()) return context.constant_operand(value.constant()->sliced(0, begin, count));
  return sliced(context, value, 0, begin, count);
}

}  // namespace passerelle::lowering
