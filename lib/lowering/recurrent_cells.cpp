#include "recurrent_cells.h"

#include "layers.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

bool is_zero(Context& context, OperandId value) {
  if (!context.graph().is_constant(value)) return false;
  const Constant& known = *context.graph()[value].constant;
  return known.is_uniform() && known.sliced(0, 0, 1).floats().front() == 0;
}

OperandId added(Context& context, OperandId a, OperandId b) {
  if (!context.graph().is_constant(a) || !context.graph().is_constant(b)) return context.binary(Op::ADD, a, b);
  std::vector<float> sum = context.graph()[a].constant->floats();
  const std::vector<float> other = context.graph()[b].constant->floats();
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
  return context.constant_operand(Constant::from(std::move(sum), context.shape(a)));
}

OperandId bias_or_zero(Context& context, std::optional<OperandId> bias, OperandId weights) {
  return bias ? *bias : zero_bias(context, context.shape(weights)[0]);
}

/// Where both biases are only ever added, they are one, and it is added for all steps at once.
CellWeights with_one_bias(Context& context, const CellParameters& parameters) {
  const OperandId input_bias = bias_or_zero(context, parameters.input_bias, parameters.input_weights);
  const OperandId recurrent_bias = bias_or_zero(context, parameters.recurrent_bias, parameters.recurrent_weights);
  const OperandId none = zero_bias(context, context.shape(parameters.recurrent_weights)[0]);
  return {{{parameters.input_weights, added(context, input_bias, recurrent_bias)}},
          {{parameters.recurrent_weights, none}},
          parameters.projection};
}

OperandId linear(Context& context, const Affine& layer, OperandId rows) {
  return fully_connected(context, rows, layer.weights, layer.bias);
}

/// driven + weights * hidden, for a layer whose bias is 0.
OperandId with_hidden(Context& context, OperandId driven, const Affine& layer, OperandId hidden) {
  return is_zero(context, hidden) ? driven : context.binary(Op::ADD, driven, linear(context, layer, hidden));
}

CellState lstm_step(Context& context, const CellWeights& weights, const std::vector<OperandId>& driven,
                    const CellState& before) {
  const OperandId sum = with_hidden(context, driven[0], weights.recurrent[0], before.hidden);
  const uint32_t units = context.shape(sum)[1] / 4;
  const std::vector<OperandId> gates = split(context, sum, 1, {units, units, units, units});
  const OperandId input = context.unary(Op::LOGISTIC, gates[0]);
  const OperandId forget = context.unary(Op::LOGISTIC, gates[1]);
  const OperandId candidate = context.unary(Op::TANH, gates[2]);
  const OperandId output = context.unary(Op::LOGISTIC, gates[3]);
  OperandId cell = context.binary(Op::MUL, input, candidate);
  if (!is_zero(context, *before.cell))
    cell = context.binary(Op::ADD, context.binary(Op::MUL, forget, *before.cell), cell);
  OperandId hidden = context.binary(Op::MUL, output, context.unary(Op::TANH, cell));
  if (weights.projection) {
    const uint32_t size = context.shape(*weights.projection)[0];
    hidden = fully_connected(context, hidden, *weights.projection, zero_bias(context, size));
  }
  return {hidden, cell};
}

/// Two layers of each kind: one for the reset and the update gate, one for the candidate, whose recurrent part has a
/// bias of its own because the reset gate multiplies it.
CellWeights arrange_gru(Context& context, const CellParameters& parameters) {
  const OperandId w_input = parameters.input_weights, w_recurrent = parameters.recurrent_weights;
  const OperandId b_input = bias_or_zero(context, parameters.input_bias, w_input);
  const OperandId b_recurrent = bias_or_zero(context, parameters.recurrent_bias, w_recurrent);
  const uint32_t units = context.shape(w_recurrent)[0] / 3;
  const OperandId b_gates =
      added(context, rows_of(context, b_input, 0, 2 * units), rows_of(context, b_recurrent, 0, 2 * units));
  return {{{rows_of(context, w_input, 0, 2 * units), b_gates},
           {rows_of(context, w_input, 2 * units, units), rows_of(context, b_input, 2 * units, units)}},
          {{rows_of(context, w_recurrent, 0, 2 * units), zero_bias(context, 2 * units)},
           {rows_of(context, w_recurrent, 2 * units, units), rows_of(context, b_recurrent, 2 * units, units)}},
          std::nullopt};
}

CellState gru_step(Context& context, const CellWeights& weights, const std::vector<OperandId>& driven,
                   const CellState& before) {
  const OperandId sum = with_hidden(context, driven[0], weights.recurrent[0], before.hidden);
  const uint32_t units = context.shape(sum)[1] / 2;
  const std::vector<OperandId> gates = split(context, context.unary(Op::LOGISTIC, sum), 1, {units, units});
  const OperandId reset = gates[0], update = gates[1];
  const Affine& recurrent = weights.recurrent[1];
  const OperandId remembered =
      is_zero(context, before.hidden) ? recurrent.bias : linear(context, recurrent, before.hidden);
  const OperandId candidate =
      context.unary(Op::TANH, context.binary(Op::ADD, driven[1], context.binary(Op::MUL, reset, remembered)));
  const OperandId kept = context.binary(Op::MUL, update, context.binary(Op::SUB, before.hidden, candidate));
  return {context.binary(Op::ADD, kept, candidate), std::nullopt};
}

template <OperationType activation>
CellState rnn_step(Context& context, const CellWeights& weights, const std::vector<OperandId>& driven,
                   const CellState& before) {
  return {context.unary(activation, with_hidden(context, driven[0], weights.recurrent[0], before.hidden)),
          std::nullopt};
}

}  // namespace

const Cell lstm_cell{with_one_bias, lstm_step};
const Cell gru_cell{arrange_gru, gru_step};
const Cell rnn_tanh_cell{with_one_bias, rnn_step<Op::TANH>};
const Cell rnn_relu_cell{with_one_bias, rnn_step<Op::RELU>};

std::vector<OperandId> drive(Context& context, const CellWeights& weights, OperandId rows) {
  std::vector<OperandId> driven;
  for (const Affine& layer : weights.input) driven.push_back(linear(context, layer, rows));
  return driven;
}

OperandId rows_of(Context& context, OperandId value, uint32_t begin, uint32_t count) {
  if (context.graph().is_constant(value))
    return context.constant_operand(context.graph()[value].constant->sliced(0, begin, count));
  return sliced(context, value, 0, begin, count);
}

}  // namespace passerelle::lowering
