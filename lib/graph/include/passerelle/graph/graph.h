// The converter's module: graphs in NNAPI's vocabulary, freely used (any rank, any feature level, all arguments by
// name).
//
// Operations stand in topological order. An operation holds one Argument for each row of nnapi::argument_table(type),
// in that order, whatever the target level; passes/finalise.cpp alone decides how many of them are written.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "passerelle/graph/constant.h"
#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/shape.h"
#include "passerelle/nnapi/arguments.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"

namespace passerelle::graph {

using nnapi::OperandType;
using nnapi::OperationType;

/// Affine: real = (integer - zero_point) * scale. Per channel where channel_scales is not empty (zero point 0, scale
/// 0).
struct Quantization {
  float scale = 0;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;
  uint32_t channel_dimension = 0;
  friend bool operator==(const Quantization& a, const Quantization& b) {
    return a.scale == b.scale && a.zero_point == b.zero_point && a.channel_scales == b.channel_scales &&
           a.channel_dimension == b.channel_dimension;
  }
};

struct TensorType {
  OperandType type = OperandType::TENSOR_FLOAT32;
  Shape shape;
  Quantization quantization;
  friend bool operator==(const TensorType& a, const TensorType& b) {
    return a.type == b.type && a.shape == b.shape && a.quantization == b.quantization;
  }
};

/// Index into Graph::operands. Strongly typed, so that it can't be taken for a scalar argument.
enum class OperandId : uint32_t {};
inline uint32_t index(OperandId id) { return static_cast<uint32_t>(id); }

/// Index into Module::graphs.
enum class GraphId : uint32_t {};
inline uint32_t index(GraphId id) { return static_cast<uint32_t>(id); }

struct Operand {
  TensorType type;
  std::optional<Constant> constant;
  /// The tensor of the trace (trace::TensorId) whose numbers it holds, in whatever shape and order of dimensions.
  std::optional<uint32_t> source{};
};

/// A tensor, the tensors of a variadic argument, a scalar, a graph (a branch, a condition, a body), or nothing (an
/// optional tensor left out, a scalar at its default).
using Argument = std::variant<std::monostate, OperandId, std::vector<OperandId>, int32_t, float, bool, GraphId>;

struct Operation {
  /// Empty type: an operator of the model that has no lowering (`opaque_name`); its shapes are known, nothing else.
  std::optional<OperationType> type;
  std::string opaque_name;
  std::vector<Argument> arguments;  ///< in the order of nnapi::argument_table(*type); opaque: tensors only
  std::vector<OperandId> outputs;
  uint32_t origin = 0;  ///< index into Module::origins: passes hand it on to what they make of the operation

  bool is(OperationType other) const { return type == other; }
  /// An argument by its name in nnapi::argument_table. The name must exist: asserted.
  const Argument& argument(std::string_view name) const;
  Argument& argument(std::string_view name);
  /// The argument, or its default where it was left out.
  int32_t integer(std::string_view name) const;
  float real(std::string_view name) const;
  bool boolean(std::string_view name) const;
  /// That is fused into the operation; none where it fuses none.
  nnapi::Activation activation() const;
  OperandId operand(std::string_view name) const;
  std::optional<OperandId> optional_operand(std::string_view name) const;
  OperandId output() const { return outputs.front(); }

  /// All tensors read, in argument order.
  std::vector<OperandId> inputs() const;
  /// Calls `visit(OperandId&)` for each tensor read.
  template <typename Visit>
  void for_each_input(Visit&& visit) {
    for (Argument& argument : arguments) {
      if (auto* one = std::get_if<OperandId>(&argument)) visit(*one);
      if (auto* many = std::get_if<std::vector<OperandId>>(&argument))
        for (OperandId& id : *many) visit(id);
    }
  }
};

/// In which order the four dimensions of an image lie.
enum class Layout : uint8_t { as_pytorch, channels_last };

/// What the caller was promised of an input or output of the model. What NNAPI takes is its operand's type.
struct Port {
  std::string name;  ///< stable: the parameter's name, "output0", or the path in a nested structure
  ElementType element_type = ElementType::float32;  ///< PyTorch's
  Shape shape;                                      ///< PyTorch's order
  Quantization quantization;                        ///< where element_type is quantized
  Layout caller_layout = Layout::as_pytorch;        ///< what the caller of the blob hands over or gets
  Layout nnapi_layout = Layout::as_pytorch;         ///< what NNAPI gets; where they differ the loader converts
};

/// Named arguments of a new operation: what is not named is left at its default.
using NamedArguments = std::initializer_list<std::pair<std::string_view, Argument>>;

/// Its inputs and outputs are formal: only those of a module's first graph are the model's.
class Graph {
 public:
  std::vector<Operand> operands;
  std::vector<Operation> operations;  ///< topological order
  std::vector<OperandId> inputs;
  std::vector<OperandId> outputs;

  OperandId add_operand(TensorType type);
  /// The NNAPI type follows from the constant's element type (bool8 → TENSOR_BOOL8, ...); quantized ones need theirs.
  OperandId add_constant(Constant constant, Quantization quantization = {});
  /// Appends an operation whose outputs are new operands of these types.
  /// Every argument named must be in nnapi::argument_table(type): asserted.
  Operation make_operation(OperationType type, NamedArguments arguments, std::vector<TensorType> outputs,
                           uint32_t origin);
  OperandId append(OperationType type, NamedArguments arguments, TensorType output, uint32_t origin);

  Operand& operator[](OperandId id) { return operands[index(id)]; }
  const Operand& operator[](OperandId id) const { return operands[index(id)]; }
  const TensorType& type(OperandId id) const { return operands[index(id)].type; }
  const Shape& shape(OperandId id) const { return operands[index(id)].type.shape; }
  bool is_constant(OperandId id) const { return operands[index(id)].constant.has_value(); }

  /// For each operand the index of the operation that makes it, or none.
  std::vector<std::optional<uint32_t>> producers() const;
  /// For each operand the indexes of the operations that read it, in order, each once.
  std::vector<std::vector<uint32_t>> consumers() const;
  /// Every read of `from` (by operations and outputs) becomes a read of `to`.
  void replace_uses(OperandId from, OperandId to);
  /// Drops operations whose results nobody reads, and constants without readers; ids of operands change.
  void remove_dead();
  /// Restores topological order after operations were appended out of order.
  void sort();
  /// Asserts what every pass relies on: order, single producers, arguments that fit the table.
  void check_invariants() const;
};

/// The model's border, in the order of its graph's inputs and outputs.
struct Ports {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

/// Graph 0 is the model, the others are what its operations refer to.
struct Module {
  std::vector<Graph> graphs{1};
  Ports ports;
  std::vector<Origin> origins;
  bool relax_fp16 = false;

  Graph& main() { return graphs.front(); }
  const Graph& main() const { return graphs.front(); }
  void add_input(OperandId operand, Port port);
  void add_output(OperandId operand, Port port);
  /// An origin that is no operator of the model: "output", "reshape", ...
  uint32_t add_origin(std::string op);
  /// Those of each graph, and that each formal input and output of the model has a port.
  void check_invariants() const;
};

/// A readable listing, one operation a line; for tests and bug reports.
std::string to_text(const Module& module);

}  // namespace passerelle::graph
