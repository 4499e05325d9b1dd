// What a kernel sees, and the row that an operation has in the table.
//
// A kernel gets its operation's inputs in NNAPI's order as LibTorch tensors and returns its outputs. Tensors need not
// be contiguous: a TRANSPOSE is a view, and an NHWC image is seen by LibTorch as a channels_last NCHW one. Results must
// be new tensors or views of inputs; an input is never written.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph.h"
#include "passerelle/support/span.h"

namespace passerelle::hostnn {

using at::Tensor;
using Tensors = std::vector<Tensor>;

/// Thrown by kernels for values that an operation can't take; ends the execution with OP_FAILED.
struct Refusal {
  std::string message;
};
[[noreturn]] void refuse(std::string message);
inline void require(bool condition, const char* message) {
  if (!condition) refuse(message);
}

/// What an operation keeps between runs: weights in the form that its kernel wants.
struct Prepared {
  virtual ~Prepared() = default;
};

/// What the integers of a quantized tensor mean: scale · (integer - zero_point). 0 and 0 where it has none.
struct Quantization {
  float scale = 0;
  int32_t zero_point = 0;
  Span<const float> channel_scales;  ///< of TENSOR_QUANT8_SYMM_PER_CHANNEL, one an index of `channel_dimension`
  int64_t channel_dimension = 0;
};

/// An operation about to run: tensors for its inputs (undefined where left out), scalars as tensors of rank 0.
/// Quantized tensors are their integers: kByte, kChar or kShort. float16 comes as float32.
class Call {
 public:
  Call(const Graph& graph, const Operation& operation, Span<const Tensor> inputs)
      : graph_(graph), operation_(operation), inputs_(inputs) {}

  size_t size() const { return inputs_.size(); }
  size_t output_count() const { return operation_.outputs.size(); }
  OperandType input_type(size_t index) const { return graph_.operands[operation_.inputs[index]].type; }
  OperandType output_type(size_t index) const { return graph_.operands[operation_.outputs[index]].type; }
  Quantization quantization(size_t index) const;
  Quantization output_quantization(size_t index = 0) const;
  /// Whether the argument is written and has a value.
  bool has(size_t index) const { return index < inputs_.size() && inputs_[index].defined(); }
  /// Whether an argument is written there that is of this type: it tells forms of different length apart.
  bool is(size_t index, OperandType type) const { return index < inputs_.size() && input_type(index) == type; }

  const Tensor& tensor(size_t index) const;
  const Tensor* optional_tensor(size_t index) const { return has(index) ? &inputs_[index] : nullptr; }
  int64_t integer(size_t index) const;
  double real(size_t index) const;
  bool boolean(size_t index) const;
  /// The same, where the argument may be left out at the end of the list.
  int64_t integer_or(size_t index, int64_t otherwise) const { return has(index) ? integer(index) : otherwise; }
  bool boolean_or(size_t index, bool otherwise) const { return has(index) ? boolean(index) : otherwise; }
  /// The values of an INT32 tensor.
  std::vector<int64_t> integers(size_t index) const;
  /// An axis of `rank` dimensions, counted from the end where negative; out of range is refused.
  int64_t axis(size_t index, int64_t rank) const;

  /// Sizes that the model declares; 0 where unknown, empty where the rank is.
  const std::vector<uint32_t>& declared_dimensions(size_t index) const {
    return graph_.operands[operation_.inputs[index]].dimensions;
  }
  bool is_constant(size_t index) const {
    return graph_.operands[operation_.inputs[index]].lifetime == Lifetime::constant;
  }

  /// What Row::prepare made.
  const Prepared& prepared() const { return *prepared_; }
  void set_prepared(const Prepared* prepared) { prepared_ = prepared; }

 private:
  const Graph& graph_;
  const Operation& operation_;
  Span<const Tensor> inputs_;
  const Prepared* prepared_ = nullptr;
};

int64_t checked_axis(int64_t axis, int64_t rank);

using Kernel = Tensors (*)(const Call&);
using Prepare = std::unique_ptr<const Prepared> (*)(const Call&);

/// What a kernel accepts, as a set: element types of tensors, and tensors without elements, which most of Android's
/// operations refuse.
enum Accepts : unsigned {
  float32 = 1,  ///< and float16: kernels get its values as float32, and what they return is rounded
  int32 = 2,
  bool8 = 4,
  zero_sized = 8,
  quant8 = 16,      ///< TENSOR_QUANT8_ASYMM and TENSOR_QUANT8_ASYMM_SIGNED
  weights8 = 32,    ///< TENSOR_QUANT8_SYMM and TENSOR_QUANT8_SYMM_PER_CHANNEL
  quant16 = 64,     ///< TENSOR_QUANT16_SYMM and TENSOR_QUANT16_ASYMM
  as_floats = 128,  ///< the kernel gets quantized inputs as float32, and its results are quantized, as Android does
};

struct Row {
  OperationType type;
  Kernel kernel;
  unsigned accepts;  ///< of all the operation's tensors; which type goes where is lib/nnapi's to say
  /// Converts weights. Called once, at compilation, where all inputs but the first are constant; else before each call.
  /// It must not look at input 0, but for its declared dimensions.
  Prepare prepare = nullptr;
};

/// The row of an operation with its types, or null where the host lacks it. An operation has one row for each set of
/// types that has arithmetic of its own.
const Row* find_row(const Graph& graph, const Operation& operation);

/// Each family's rows.
Span<const Row> convolution_rows();
Span<const Row> pooling_rows();
Span<const Row> elementwise_rows();
Span<const Row> activation_rows();
Span<const Row> matrix_rows();
Span<const Row> normalisation_rows();
Span<const Row> reduction_rows();
Span<const Row> comparison_rows();
Span<const Row> shape_rows();
Span<const Row> slicing_rows();
Span<const Row> padding_rows();
Span<const Row> resize_rows();
Span<const Row> block_rows();
Span<const Row> box_rows();
Span<const Row> detection_rows();
Span<const Row> keypoint_rows();
Span<const Row> region_rows();
Span<const Row> recurrent_rows();
Span<const Row> lstm_rows();
Span<const Row> quantization_rows();
Span<const Row> quantized_elementwise_rows();
Span<const Row> quantized_activation_rows();
Span<const Row> quantized_convolution_rows();
Span<const Row> quantized_matrix_rows();
Span<const Row> quantized_image_rows();
Span<const Row> quantized_lstm_rows();

}  // namespace passerelle::hostnn
