// What an operation of a file costs to compute.
#include <limits>

#include "file_facts.h"

namespace passerelle::report {
namespace {

using nnapi::OperationType;

/// A file that nobody trusts may name any sizes.
uint64_t times(uint64_t a, uint64_t b) {
  return b != 0 && a > std::numeric_limits<uint64_t>::max() / b ? std::numeric_limits<uint64_t>::max() : a * b;
}

class Shapes {
 public:
  Shapes(const FileReport& report, const FileOperation& operation) : report_(report), operation_(operation) {}

  uint64_t elements_in(size_t input) const {
    return input < operation_.inputs.size() ? elements(operation_.inputs[input]) : 0;
  }
  uint64_t elements_out() const { return operation_.outputs.empty() ? 0 : elements(operation_.outputs[0]); }
  /// A size of an input; 0 where there is none.
  uint64_t size(size_t input, size_t dimension) const {
    if (input >= operation_.inputs.size()) return 0;
    const graph::Shape& shape = report_.operands[operation_.inputs[input]].shape;
    return dimension < shape.size() ? shape[dimension] : 0;
  }
  size_t rank(size_t input) const {
    return input < operation_.inputs.size() ? report_.operands[operation_.inputs[input]].shape.size() : 0;
  }
  /// The elements of all matrices among the inputs `from` to `to`: weights.
  uint64_t weights(size_t from, size_t to) const {
    uint64_t result = 0;
    for (size_t i = from; i <= to; ++i)
      if (rank(i) == 2) result += elements_in(i);
    return result;
  }

 private:
  uint64_t elements(uint32_t operand) const {
    if (!nnapi::is_tensor(report_.operands[operand].type)) return 0;
    uint64_t result = 1;
    for (uint32_t size : report_.operands[operand].shape) result = times(result, size);
    return result;
  }
  const FileReport& report_;
  const FileOperation& operation_;
};

/// Each element of the result sums over one filter.
uint64_t convolution(const Shapes& shapes) {
  const uint64_t filters = shapes.size(1, 0);
  return filters == 0 ? 0 : times(shapes.elements_out(), shapes.elements_in(1) / filters);
}
uint64_t depthwise(const Shapes& shapes) {
  return times(shapes.elements_out(), times(shapes.size(1, 1), shapes.size(1, 2)));
}
/// Each element of the input is spread by one slice of the filter, whose last dimension is the input's channels.
uint64_t transposed(const Shapes& shapes) {
  const uint64_t channels = shapes.size(1, 3);
  return channels == 0 ? 0 : times(shapes.elements_in(0), shapes.elements_in(1) / channels);
}
uint64_t fully_connected(const Shapes& shapes) { return times(shapes.elements_out(), shapes.size(1, 1)); }
uint64_t batched_product(const Shapes& shapes) {
  return shapes.rank(0) == 0 ? 0 : times(shapes.elements_out(), shapes.size(0, shapes.rank(0) - 1));
}
/// Every step of every sequence is multiplied with all weights once. The batch and step sizes are the input's first.
uint64_t recurrent(const Shapes& shapes, size_t first_weight, size_t last_weight) {
  uint64_t steps = 1;
  for (size_t i = 0; i + 1 < shapes.rank(0); ++i) steps = times(steps, shapes.size(0, i));
  return times(steps, shapes.weights(first_weight, last_weight));
}

}  // namespace

uint64_t multiply_adds(const FileReport& report, const FileOperation& operation) {
  const Shapes shapes(report, operation);
  switch (operation.type) {
    case OperationType::CONV_2D:
    case OperationType::GROUPED_CONV_2D: return convolution(shapes);
    case OperationType::DEPTHWISE_CONV_2D: return depthwise(shapes);
    case OperationType::TRANSPOSE_CONV_2D: return transposed(shapes);
    case OperationType::FULLY_CONNECTED: return fully_connected(shapes);
    case OperationType::BATCH_MATMUL: return batched_product(shapes);
    case OperationType::RNN:
    case OperationType::UNIDIRECTIONAL_SEQUENCE_RNN: return recurrent(shapes, 1, 2);
    case OperationType::LSTM:
    case OperationType::UNIDIRECTIONAL_SEQUENCE_LSTM: return recurrent(shapes, 1, 8);
    default: return 0;
  }
}

}  // namespace passerelle::report
