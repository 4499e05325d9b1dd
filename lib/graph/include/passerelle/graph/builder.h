// Adds operations to a graph. What an operation gives is inferred, not told; of constants it is computed at once.
//
// Formulas are written with Values (value.h); emit() is for operations that have no function there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/graph/value.h"

namespace passerelle::graph {

/// Thrown where a number of the model can't be an element of the tensor that it meets.
struct Misfit {
  std::string message;     ///< why, one sentence without a full stop
  std::string suggestion;  ///< may be empty
};

/// What of a result is not inferred but chosen: the type that CAST, QUANTIZE and DEQUANTIZE give, and scales that
/// NNAPI does not prescribe (else they are the first operand's).
struct Chosen {
  std::optional<OperandType> type;
  std::optional<Quantization> quantization;
};

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }

  /// Operations that are added from here on come from this row of graph().origins.
  void set_origin(uint32_t origin) { origin_ = origin; }
  uint32_t origin() const { return origin_; }
  /// Whether a number beyond float32 is a Misfit; else it is infinite, as PyTorch has it in float32.
  void refuse_beyond_float32(bool refuse) { refuses_beyond_float32_ = refuse; }

  Value value(OperandId id) { return {*this, id}; }
  Value constant(Constant constant, Quantization quantization = {});
  Value list(const std::vector<int32_t>& values) { return constant(Constant::list(values)); }
  /// Of shape {1}, with the element type of `like`. Quantized: exactly this number, at a scale of its own. A fraction
  /// does not fit integers: Misfit.
  Value scalar(double number, Value like);
  /// One element of shape {1}; towards zero where the type is an integer.
  Constant element(double number, OperandType type) const;

  /// An operation with one result, or of which the first is wanted.
  Value emit(OperationType type, NamedArguments arguments, const Chosen& chosen = {});
  /// The first `count` of its results.
  Values emit(OperationType type, NamedArguments arguments, size_t count, const Chosen& chosen = {});
  /// An operation whose arguments are put together by the caller; its origin and results are added.
  Values append(Operation operation, size_t count = 1, const Chosen& chosen = {});
  Value unary(OperationType type, Value x);
  /// Operands of lower rank get dimensions of size 1 in front; a tensor of one element needs none.
  Value binary(OperationType type, Term a, Term b);

 private:
  std::vector<TensorType> result_types(const Operation& operation, size_t count, const Chosen& chosen) const;

  Graph& graph_;
  uint32_t origin_ = 0;
  bool refuses_beyond_float32_ = false;
};

}  // namespace passerelle::graph
