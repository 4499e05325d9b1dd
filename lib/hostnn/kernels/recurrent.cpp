// RNN, UNIDIRECTIONAL_SEQUENCE_RNN, BIDIRECTIONAL_SEQUENCE_RNN, SVDF.
#include "recurrent.h"

#include "onednn.h"

namespace passerelle::hostnn {

Tensor apply_activation(const Tensor& values, int64_t activation) {
  switch (activation) {
    case 0: return values;
    case 1: return at::relu(values);
    case 2: return at::clamp(values, -1, 1);
    case 3: return at::clamp(values, 0, 6);
    case 4: return at::tanh(values);
    case 6: return at::sigmoid(values);
  }
  refuse("there is no activation " + std::to_string(activation));
}

Tensor to_time_major(const Tensor& sequence, bool is_time_major) {
  require(sequence.dim() == 3, "a sequence must have rank 3");
  return is_time_major ? sequence : sequence.transpose(0, 1);
}

Tensor from_time_major(const Tensor& sequence, bool is_time_major) {
  return is_time_major ? sequence : sequence.transpose(0, 1);
}

Directions link(const Tensor& input, const Tensor* auxiliary, bool has_auxiliary_weights, bool is_time_major) {
  require(auxiliary != nullptr || !has_auxiliary_weights, "there are auxiliary weights, but no auxiliary input");
  Directions directions;
  directions.forward_input = to_time_major(input, is_time_major);
  directions.backward_input = directions.forward_input;
  if (auxiliary == nullptr) return directions;
  Tensor second = to_time_major(*auxiliary, is_time_major);
  (has_auxiliary_weights ? directions.auxiliary : directions.backward_input) = std::move(second);
  return directions;
}

Tensors join(const Tensor& forward, const Tensor& backward, bool merge, bool is_time_major) {
  if (merge) return {from_time_major(at::cat({forward, backward}, 2), is_time_major)};
  return {from_time_major(forward, is_time_major), from_time_major(backward, is_time_major)};
}

namespace {

struct Cell {
  Tensor weights;            // [units, inputs]
  Tensor recurrent_weights;  // [units, units]
  Tensor bias;
  Tensor auxiliary_weights;  // may be undefined
  int64_t activation = 0;
};

struct Sequence {
  Tensor outputs;  // [time, batch, units]
  Tensor state;    // [batch, units]
};

/// The part of every step that does not depend on the state is computed for all of them at once.
Sequence run_sequence(const Cell& cell, const Tensor& input, const Tensor& auxiliary, Tensor state, bool backwards) {
  const auto product = [](const Tensor& sequence, const Tensor& weights) {
    return matrix_product(sequence.reshape({-1, sequence.size(2)}), weights.t())
        .reshape({sequence.size(0), sequence.size(1), weights.size(0)});
  };
  Tensor driven = product(input, cell.weights) + cell.bias;
  if (auxiliary.defined()) driven = driven + product(auxiliary, cell.auxiliary_weights);
  const int64_t steps = input.size(0);
  Tensors outputs(steps);
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t step = backwards ? steps - 1 - i : i;
    state = apply_activation(driven[step] + at::linear(state, cell.recurrent_weights), cell.activation);
    outputs[step] = state;
  }
  return {at::stack(outputs), state};
}

Cell read_cell(const Call& call, size_t first, int64_t activation) {
  Cell cell;
  cell.weights = call.tensor(first);
  cell.recurrent_weights = call.tensor(first + 1);
  cell.bias = call.tensor(first + 2);
  cell.activation = activation;
  return cell;
}

Tensors rnn(const Call& call) {
  const Cell cell = read_cell(call, 1, call.integer(5));
  const Tensor output = run_sequence(cell, call.tensor(0).unsqueeze(0), {}, call.tensor(4), false).state;
  return {output, output};
}

Tensors unidirectional_sequence_rnn(const Call& call) {
  const bool time_major = call.integer(6) != 0;
  const Cell cell = read_cell(call, 1, call.integer(5));
  const Sequence sequence = run_sequence(cell, to_time_major(call.tensor(0), time_major), {}, call.tensor(4), false);
  Tensors results{from_time_major(sequence.outputs, time_major)};
  if (call.output_count() == 2) results.push_back(sequence.state);
  return results;
}

Tensors bidirectional_sequence_rnn(const Call& call) {
  const bool time_major = call.boolean(13);
  const bool merge = call.boolean(14);
  const bool has_auxiliary_weights = call.has(10);
  require(has_auxiliary_weights == call.has(11), "one direction alone has auxiliary weights");
  const Directions directions = link(call.tensor(0), call.optional_tensor(9), has_auxiliary_weights, time_major);
  Cell forward = read_cell(call, 1, call.integer(12));
  Cell backward = read_cell(call, 5, call.integer(12));
  if (has_auxiliary_weights) {
    forward.auxiliary_weights = call.tensor(10);
    backward.auxiliary_weights = call.tensor(11);
  }
  const Sequence first = run_sequence(forward, directions.forward_input, directions.auxiliary, call.tensor(4), false);
  const Sequence second = run_sequence(backward, directions.backward_input, directions.auxiliary, call.tensor(8), true);
  Tensors results = join(first.outputs, second.outputs, merge, time_major);
  if (call.output_count() > results.size()) results.insert(results.end(), {first.state, second.state});
  return results;
}

/// Filters over features and then over time: the state keeps the features of the last steps, the oldest first. A unit
/// is the sum of `rank` filters.
Tensors svdf(const Call& call) {
  const Tensor &input = call.tensor(0), &feature_weights = call.tensor(1), &time_weights = call.tensor(2);
  const int64_t rank = call.integer(5);
  require(input.dim() == 2 && feature_weights.dim() == 2 && time_weights.dim() == 2 && rank > 0 &&
              feature_weights.size(0) % rank == 0 && time_weights.size(0) == feature_weights.size(0),
          "the weights do not fit each other");
  const int64_t batches = input.size(0), filters = feature_weights.size(0), memory = time_weights.size(1);
  const Tensor kept = call.tensor(4).reshape({batches, filters, memory}).narrow(2, 0, memory - 1);
  const Tensor features = matrix_product(input, feature_weights.t()).unsqueeze(2);
  const Tensor state = at::cat({kept, features}, 2);
  Tensor output = (state * time_weights).sum(2).reshape({batches, filters / rank, rank}).sum(2);
  if (call.has(3)) output = output + call.tensor(3);
  const Tensor next = at::cat({state.narrow(2, 1, memory - 1), at::zeros_like(features)}, 2);
  return {next.reshape({batches, filters * memory}), apply_activation(output, call.integer(6))};
}

constexpr Row rows[] = {
    {OperationType::BIDIRECTIONAL_SEQUENCE_RNN, bidirectional_sequence_rnn, float32},
    {OperationType::RNN, rnn, float32},
    {OperationType::SVDF, svdf, float32},
    {OperationType::UNIDIRECTIONAL_SEQUENCE_RNN, unidirectional_sequence_rnn, float32},
};

}  // namespace

Span<const Row> recurrent_rows() { return rows; }

}  // namespace passerelle::hostnn
