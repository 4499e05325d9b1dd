// What an operation of a file costs to compute.
#include <limits>
#include <string_view>

#include "facts.h"
#include "passerelle/nnapi/arguments.h"

namespace passerelle::report {
namespace {

using nnapi::OperationType;

/// A file that nobody trusts may name any sizes.
uint64_t times(uint64_t a, uint64_t b) {
  return b != 0 && a > std::numeric_limits<uint64_t>::max() / b ? std::numeric_limits<uint64_t>::max() : a * b;
}

uint64_t plus(uint64_t a, uint64_t b) {
  return a > std::numeric_limits<uint64_t>::max() - b ? std::numeric_limits<uint64_t>::max() : a + b;
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
  uint64_t size_out(size_t dimension_from_last) const {
    if (operation_.outputs.empty()) return 0;
    const graph::Shape& shape = report_.operands[operation_.outputs[0]].shape;
    return dimension_from_last < shape.size() ? shape[shape.size() - 1 - dimension_from_last] : 0;
  }
  /// The elements of all matrices that NNAPI calls weights. Those of rank 1 are multiplied element by element.
  uint64_t weights() const {
    const Span<const nnapi::ArgumentSpec> arguments = nnapi::argument_table(operation_.type);
    uint64_t result = 0;
    for (size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i].name.find("weights") != std::string_view::npos && rank(i) == 2)
        result = plus(result, elements_in(i));
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
/// What is summed over is the first matrix's columns, or its rows where it is taken transposed: the dimension of the
/// two that is not the result's.
uint64_t batched_product(const Shapes& shapes) {
  const size_t rank = shapes.rank(0);
  const uint64_t rows = shapes.size_out(1);
  if (rank < 2 || rows == 0) return 0;
  return times(shapes.elements_out(), times(shapes.size(0, rank - 2), shapes.size(0, rank - 1)) / rows);
}
/// Every step of every sequence is multiplied with all weights once. The batch and step sizes are the input's first.
uint64_t recurrent(const Shapes& shapes) {
  uint64_t steps = 1;
  for (size_t i = 0; i + 1 < shapes.rank(0); ++i) steps = times(steps, shapes.size(0, i));
  return times(steps, shapes.weights());
}

struct Cost {
  OperationType operation;
  uint64_t (*multiply_adds)(const Shapes&);
};
constexpr Cost costs[] = {
    {OperationType::CONV_2D, convolution},
    {OperationType::GROUPED_CONV_2D, convolution},
    {OperationType::DEPTHWISE_CONV_2D, depthwise},
    {OperationType::TRANSPOSE_CONV_2D, transposed},
    {OperationType::FULLY_CONNECTED, fully_connected},
    {OperationType::BATCH_MATMUL, batched_product},
    {OperationType::RNN, recurrent},
    {OperationType::UNIDIRECTIONAL_SEQUENCE_RNN, recurrent},
    {OperationType::BIDIRECTIONAL_SEQUENCE_RNN, recurrent},
    {OperationType::LSTM, recurrent},
    {OperationType::UNIDIRECTIONAL_SEQUENCE_LSTM, recurrent},
    {OperationType::BIDIRECTIONAL_SEQUENCE_LSTM, recurrent},
    {OperationType::QUANTIZED_16BIT_LSTM, recurrent},
    {OperationType::QUANTIZED_LSTM, recurrent},
    {OperationType::SVDF, recurrent},
};

}  // namespace

uint64_t multiply_adds(const FileReport& report, const FileOperation& operation) {
  for (const Cost& cost : costs)
    if (cost.operation == operation.type) return cost.multiply_adds(Shapes(report, operation));
  return 0;
}

}  // namespace passerelle::report
