// What a lowering function sees: the node's arguments by name, and the graph to build.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "passerelle/graph/builder.h"
#include "passerelle/trace/trace.h"

namespace passerelle::lowering {

using graph::Argument;
using graph::Builder;
using graph::Constant;
using graph::OperandId;
using graph::OperandType;
using graph::OperationType;
using graph::Permutation;
using graph::Reason;
using graph::Shape;
using graph::TensorType;
using graph::Value;
using graph::Values;
using Op = graph::OperationType;

/// Thrown by Context::refuse, caught by the driver alone, which makes a diagnostic of it and goes on with the next
/// node.
struct Refusal {
  graph::Diagnostic diagnostic;
};

class Context {
 public:
  /// `operands`: the operand of each of the trace's tensors, as far as it has one; `used`: which of them anybody reads.
  /// `graph`: one of the module's, or one that will be.
  Context(const trace::Trace& trace, const graph::Module& module, graph::Graph& graph,
          std::vector<std::optional<OperandId>>& operands, const std::vector<bool>& used);
  void enter(const trace::Node& node, uint32_t origin);

  // --- The node's arguments, by their names in the operator's schema. Wrong kinds are refused, not asserted.
  const trace::Node& node() const { return *node_; }
  std::string_view op() const { return node_->op; }
  bool has(std::string_view name) const;      ///< whether the schema has it
  bool is_none(std::string_view name) const;  ///< None, or not in the schema
  bool is_tensor(std::string_view name) const;
  Value tensor(std::string_view name);  ///< constants too: they become constant operands
  Values tensors(std::string_view name);
  Value operand(trace::TensorId id);  ///< of any of the trace's tensors
  int64_t integer(std::string_view name) const;
  int64_t integer_or(std::string_view name, int64_t otherwise) const;  ///< where None or absent
  double number(std::string_view name) const;  ///< int, float or bool; also a constant tensor of one element
  double number_or(std::string_view name, double otherwise) const;
  bool boolean(std::string_view name) const;
  std::string string(std::string_view name) const;
  std::vector<int64_t> integers(std::string_view name) const;                ///< int[]; a single int is a list of one
  std::vector<int64_t> integers(std::string_view name, size_t count) const;  ///< a list of one is repeated
  std::vector<double> numbers(std::string_view name) const;
  const std::vector<trace::Value>& list(std::string_view name) const;
  /// The tensor's value where it is known at conversion.
  std::optional<Constant> constant(std::string_view name) const;
  /// The same, or a refusal that says that the argument must be constant.
  Constant required_constant(std::string_view name) const;
  const trace::Tensor& info(std::string_view name) const;  ///< of a tensor argument, in PyTorch's terms
  const trace::Tensor& info(trace::TensorId id) const { return trace_[id]; }

  // --- The node's results.
  size_t result_count() const { return node_->results.size(); }
  TensorType result_type(size_t index = 0) const;  ///< NNAPI's type for it
  const trace::Tensor& result_info(size_t index = 0) const;
  /// Of a node with one result that is a list of tensors.
  std::vector<trace::Tensor> list_result_infos() const;
  /// Whether anybody reads it. A result that is read and not bound is refused by the driver.
  bool is_used(size_t index) const;
  void result(OperandId value) { result(0, value); }
  void result(size_t index, OperandId value);  ///< must have the type and shape that the trace saw: asserted
  void results(const Values& values);          ///< of a node with one result that is a list of tensors

  // --- Building: with Values, see graph/value.h, and the builder for what has no function there.
  Builder& builder() { return builder_; }
  Value value(OperandId id) { return builder_.value(id); }
  Value constant_operand(Constant value) { return builder_.constant(std::move(value)); }

  // The same by operands, as they were before there were Values.
  graph::Graph& graph() { return graph_; }
  const Shape& shape(OperandId value) const { return graph_.shape(value); }
  size_t rank(OperandId value) const { return shape(value).size(); }
  const TensorType& type(OperandId value) const { return graph_.type(value); }
  /// The output's shape must be what is inferred: asserted.
  Value emit(OperationType type, graph::NamedArguments arguments, const TensorType& output);
  Values emit(OperationType type, graph::NamedArguments arguments, const std::vector<TensorType>& outputs);
  Value unary(OperationType type, OperandId input) { return builder_.unary(type, value(input)); }
  Value binary(OperationType type, OperandId a, OperandId b) { return builder_.binary(type, value(a), value(b)); }
  Value binary(OperationType type, OperandId a, OperandId b, const graph::Quantization& output) {
    return binary(type, a, b).at(output);
  }
  Value binary(OperationType type, OperandId a, double b) { return builder_.binary(type, value(a), b); }
  Value binary(OperationType type, double a, OperandId b) { return builder_.binary(type, a, value(b)); }
  Value scalar(double number, OperandId like) { return builder_.scalar(number, value(like)); }
  Value reshape(OperandId x, const Shape& shape) { return graph::reshape(value(x), shape); }
  Value transpose(OperandId x, const Permutation& permutation) { return graph::transpose(value(x), permutation); }
  Value to_nhwc(OperandId x) { return graph::to_nhwc(value(x)); }
  Value to_nchw(OperandId x) { return graph::to_nchw(value(x)); }

  /// LibTorch computes a float16 operator in float32 and rounds its result: so do lowerings, which see float32 only.
  /// FLOAT16 are the model's inputs and outputs, and what lies between the two CASTs that round a result.
  Value widened(OperandId half);
  Value halved(OperandId value);
  Value rounded_to_half(OperandId value);
  /// Integers that a quantized tensor holds (TENSOR_INT32): whoever reads them as numbers takes the tensor itself.
  void note_integers(Value integers, Value quantized);
  std::optional<Value> quantized_behind(Value integers);
  /// Whether the floating-point tensors that the node reads are float16: then so are its numbers.
  bool computes_in_half() const;

  /// A dimension as PyTorch counts it (negative from the end), in 0 .. rank-1.
  static uint32_t dimension(int64_t dimension, size_t rank);

  /// Ends this node's lowering with a diagnostic.
  [[noreturn]] void refuse(Reason reason, std::string message, std::string suggestion = {}) const;
  /// The same diagnostic, of this node.
  graph::Diagnostic diagnostic(Reason reason, std::string message, std::string suggestion = {}) const;

 private:
  const trace::Value* find(std::string_view name) const;
  const trace::Value& require(std::string_view name) const;
  void bind(trace::TensorId id, OperandId value);
  void check_scale(OperandId value, const graph::Quantization& expected) const;
  bool keeps_halves() const;  ///< whether the node has only moved float16 numbers
  bool gives_float64() const;
  /// float64 travels as float32: refuses what would become infinite on the way.
  void require_float32(const trace::Tensor& tensor) const;
  void require_float32(double value) const;

  const trace::Trace& trace_;
  const graph::Module& module_;
  graph::Graph& graph_;
  Builder builder_;
  std::vector<std::optional<OperandId>>& operands_;  // by TensorId
  const std::vector<bool>& used_;                    // by TensorId
  const trace::Node* node_ = nullptr;
  size_t first_operation_ = 0;                    // of the node
  std::map<uint32_t, OperandId> half_of_{};       // by operand: the FLOAT16 one that it was widened from
  std::map<uint32_t, OperandId> quantized_of_{};  // by operand: the quantized one whose integers it holds
};

using LoweringFunction = void (*)(Context&);

/// A row of a family's table.
struct Lowering {
  std::string_view op;  ///< "aten::relu"; in-place forms are already functional in the trace
  LoweringFunction function;
  std::string_view nnapi;   ///< what it becomes, for `passerelle ops`
  std::string_view limits;  ///< what of it is refused; empty for nothing
};

/// NNAPI's tensor type for a PyTorch one; nothing where there is none. int64 travels as INT32, float64 and float16 (see
/// Context::widened) as FLOAT32.
std::optional<OperandType> operand_type(graph::ElementType type);
TensorType tensor_type(const trace::Tensor& tensor);

}  // namespace passerelle::lowering
