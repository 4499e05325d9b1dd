// Quantized recurrent networks, and control flow.
#include <algorithm>
#include <cmath>
#include <string>

#include "rules.h"

namespace passerelle::nnapi::rules {

void quantized_16bit_lstm(Call& call) {
  const OperandView* weights = call.input("input_to_input_weights");
  for (const char* bias : {"input_gate_bias", "forget_gate_bias", "cell_bias", "output_gate_bias"}) {
    call.require(call.input(bias)->scale == weights->scale / 128,
                 "QUANTIZED_16BIT_LSTM's " + std::string(bias) + " must have the weights' scale / 128");
  }
  constexpr float log2_of_cell_scale = -11;
  call.require(std::abs(std::log2(call.input("prev_cell_state")->scale) - log2_of_cell_scale) < 1e-3f,
               "QUANTIZED_16BIT_LSTM's prev_cell_state must have scale 1/2048");
}

void control_flow(Call& call) {
  const OperandView* condition = call.input("condition");
  bool single = condition->dimensions.size() == 1 && condition->dimensions[0] == 1;
  call.require(single, "IF's condition must have shape 1, not " + shape_text(*condition));
}

}  // namespace passerelle::nnapi::rules

namespace passerelle::nnapi::shapes {
namespace {

Shapes outputs_of(const OperandView* model) {
  Shapes shapes;
  if (model && model->model)
    for (const OperandView& output : model->model->outputs) shapes.push_back(output.dimensions.to_vector());
  return shapes;
}

}  // namespace

/// RANK's only result is a number.
Shapes scalar(Call&) { return {{}}; }

/// Which branch is taken is not known: what differs between them isn't either.
Shapes branches(Call& call) {
  Shapes shapes = outputs_of(call.input("then_model"));
  const Shapes others = outputs_of(call.input("else_model"));
  call.require(shapes.size() == others.size() || shapes.empty() || others.empty(),
               "IF's branches must give the same number of results");
  for (size_t i = 0; i < std::min(shapes.size(), others.size()); ++i) {
    if (shapes[i].size() != others[i].size()) shapes[i].clear();
    for (size_t k = 0; k < shapes[i].size(); ++k)
      if (shapes[i][k] != others[i][k]) shapes[i][k] = 0;
  }
  return shapes;
}

/// The first of the body's results; how many is told by the loop's own.
Shapes loop(Call& call) { return outputs_of(call.input("body_model")); }

}  // namespace passerelle::nnapi::shapes
