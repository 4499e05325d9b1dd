// One step of a recurrent network.
#pragma once

#include <optional>
#include <vector>

#include "context.h"

namespace passerelle::lowering {

/// A linear layer: [out, in] and [out].
struct Affine {
  Value weights;
  Value bias;
};

/// A cell's parameters, grouped as its step uses them. `input` and `recurrent` correspond: what their layers make of
/// the input and of the hidden state meets.
struct CellWeights {
  std::vector<Affine> input;
  std::vector<Affine> recurrent;
  std::optional<Value> projection;  ///< of the hidden state: [out, units]
};

/// Each [batch, units].
struct CellState {
  Value hidden;
  std::optional<Value> cell;  ///< LSTM alone has one
};

/// A cell's parameters as PyTorch has them: its gates below one another.
struct CellParameters {
  Value input_weights;
  Value recurrent_weights;
  std::optional<Value> input_bias;
  std::optional<Value> recurrent_bias;
  std::optional<Value> projection;
};

struct Cell {
  CellWeights (*arrange)(Context&, const CellParameters&);
  /// `driven`: what each of the input layers made of the input of this step, [batch, out].
  CellState (*step)(Context&, const CellWeights&, const Values& driven, const CellState& before);
};

extern const Cell lstm_cell;
extern const Cell gru_cell;
extern const Cell rnn_tanh_cell;
extern const Cell rnn_relu_cell;

/// What the input layers make of rows of inputs, of one step or of many.
Values drive(Context& context, const CellWeights& weights, Value rows);

/// Some of a tensor's first dimension. Of a constant: a constant.
Value rows_of(Context& context, Value value, uint32_t begin, uint32_t count);

}  // namespace passerelle::lowering
