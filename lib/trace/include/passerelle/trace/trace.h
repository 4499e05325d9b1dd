// A TorchScript model as a straight line of operators, with every shape, dtype and quantization known; what depends on
// decisions about the data is a node with regions.
//
// No LibTorch header is included here, so that lowering does not see it either: constants are views of LibTorch's
// storage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "passerelle/graph/constant.h"
#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/element_type.h"
#include "passerelle/graph/graph.h"

namespace passerelle::trace {

/// What a value depends on. Constants and shape-dependent values are known at conversion.
enum class Dependence { constant, shape, data };

/// Index into Trace::tensors.
enum class TensorId : uint32_t {};
/// Index into Trace::nodes.
using graph::NodeId;

struct Tensor {
  graph::ElementType type = graph::ElementType::float32;
  std::vector<int64_t> shape;
  graph::Quantization quantization;          ///< where the type is quantized
  std::vector<int64_t> channel_zero_points;  ///< per-channel only (NNAPI wants them all 0)
  Dependence dependence = Dependence::data;
  std::optional<graph::Constant> constant;  ///< present where dependence is not data; quantized ones: their integers
};

/// An argument or result: a tensor, a Python number, string or None, or a list or tuple of such. A dict is not an
/// argument of any operator; packed parameters of quantized operators are lists {weight, bias or None, ...}.
struct Value {
  struct None {};
  std::variant<None, TensorId, int64_t, double, bool, std::string, std::vector<Value>> data;

  bool is_none() const { return std::holds_alternative<None>(data); }
  const TensorId* tensor() const { return std::get_if<TensorId>(&data); }
  const std::vector<Value>* list() const { return std::get_if<std::vector<Value>>(&data); }
};

struct Node;

/// A branch, or the body of a loop. It reads tensors from outside as it stands.
struct Region {
  std::vector<TensorId> inputs;  ///< of a loop: the iteration's number, and the carried values
  std::vector<Node> nodes;
  std::vector<TensorId> outputs;
};

/// One operator that was run, or what is decided when the model runs:
///   prim::If     condition: a bool. Two regions, for true and for false; the results are the outputs of one.
///   prim::Loop   count: an int; condition: a bool; inputs: the carried values before the first iteration. One region,
///                run while its number is below count and the condition holds; its first output is the condition anew,
///                the others, and the results, the carried values.
/// A Python number that depends on data is a tensor of rank 0: int64, float32 or bool. In-place operators appear in
/// their functional form ("aten::relu_" as "aten::relu").
struct Node {
  std::string op;                                        ///< "aten::conv2d"
  std::string overload;                                  ///< "" or "Tensor", "dim_IntList", ...
  std::vector<std::pair<std::string, Value>> arguments;  ///< named as in the operator's schema, in its order
  std::vector<Value> results;
  uint32_t origin = 0;  ///< index into Trace::origins
  std::vector<Region> regions{};
};

/// A flat input or output: inputs in the order of forward's parameters (containers depth first), outputs likewise.
struct Port {
  std::string name;  ///< "x", "x.0", "output0", ...
  TensorId tensor{};
  bool channels_last = false;  ///< inputs: the caller of the blob hands over NHWC
};

struct Trace {
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;  ///< in the order of execution; only nodes whose results depend on data
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<graph::Origin> origins;
  std::vector<graph::Diagnostic> diagnostics;  ///< what tracing itself could not do
  std::vector<graph::Diagnostic> notes;        ///< what it has left out without harm: a branch that raises an exception

  const Tensor& operator[](TensorId id) const { return tensors[static_cast<uint32_t>(id)]; }
  const Node& operator[](NodeId id) const { return nodes[static_cast<uint32_t>(id)]; }
};

/// A readable listing, one node a line; for tests and bug reports.
std::string to_text(const Trace& trace);

}  // namespace passerelle::trace
