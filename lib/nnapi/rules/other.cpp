// Quantized recurrent networks, and control flow.
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
