// Recurrent networks: [batches, units] a step, with a dimension of time in front or behind the batches for sequences.
#include "rules.h"
#include "sizes.h"

namespace passerelle::nnapi::shapes {
namespace {

/// Every step of the sequence, `units` wide.
Sizes sequence(const Call& call, uint32_t units) {
  const Sizes input = call.sizes("input");
  return {at(input, 0), at(input, 1), units};
}

uint32_t units(const Call& call, std::string_view weights) { return at(call.sizes(weights), 0); }

/// Both directions beside each other, or one behind the other in one tensor.
Shapes both_directions(Call& call, uint32_t forward, uint32_t backward) {
  const std::optional<bool> merged = call.boolean("merge_outputs");
  if (!merged.value_or(false)) return {sequence(call, forward), sequence(call, backward)};
  const bool known = forward != 0 && backward != 0;
  return {sequence(call, known ? checked_size(call, int64_t{forward} + backward) : 0)};
}

}  // namespace

Shapes rnn(Call& call) {
  const Sizes state = {at(call.sizes("input"), 0), units(call, "weights")};
  return {state, state};
}

Shapes sequence_rnn(Call& call) { return {sequence(call, units(call, "weights")), call.sizes("hidden_state_in")}; }

Shapes bidirectional_rnn(Call& call) {
  Shapes shapes = both_directions(call, units(call, "fw_weights"), units(call, "bw_weights"));
  shapes.insert(shapes.end(), {call.sizes("fw_hidden_state_in"), call.sizes("bw_hidden_state_in")});
  return shapes;
}

/// A unit is the sum of `rank` filters.
Shapes svdf(Call& call) {
  const auto rank = static_cast<uint32_t>(std::max(call.integer("rank").value_or(0), 0));
  const uint32_t filters = units(call, "weights_feature");
  return {call.sizes("state_in"), {at(call.sizes("input"), 0), quotient(call, filters, rank)}};
}

/// Its first output is room that Android's own kernel works in: a number a gate, of which there is none for the input
/// where its weights are left out. What is no constant may be left out when the model runs.
Shapes lstm(Call& call) {
  const OperandView* input_gate = call.input("input_to_input_weights");
  const uint32_t gates = !input_gate ? 3 : input_gate->is_constant ? 4 : 0;
  const Sizes output = call.sizes("output_state_in"), cell = call.sizes("cell_state_in");
  const uint32_t room = product(call, units(call, "input_to_output_weights"), gates);
  return {{at(call.sizes("input"), 0), room}, output, cell, output};
}

Shapes sequence_lstm(Call& call) {
  return {sequence(call, at(call.sizes("recurrent_to_output_weights"), 1)), call.sizes("output_state_in"),
          call.sizes("cell_state_in")};
}

Shapes bidirectional_lstm(Call& call) {
  Shapes shapes = both_directions(call, at(call.sizes("fw_recurrent_to_output_weights"), 1),
                                  at(call.sizes("bw_recurrent_to_output_weights"), 1));
  for (const char* state : {"fw_output_state_in", "fw_cell_state_in", "bw_output_state_in", "bw_cell_state_in"})
    shapes.push_back(call.sizes(state));
  return shapes;
}

Shapes quantized_16bit_lstm(Call& call) { return {call.sizes("prev_cell_state"), call.sizes("prev_output")}; }

Shapes quantized_lstm(Call& call) {
  return {call.sizes("output_state_in"), call.sizes("cell_state_in"), call.sizes("output_state_in")};
}

}  // namespace passerelle::nnapi::shapes
