#include "passerelle/trace/narrow_floats.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "passerelle/trace/multiply_adds.h"

namespace passerelle::trace {
namespace {

using graph::ElementType;

// PyTorch's numbers of types, as arguments hold them.
constexpr int64_t float16_number = 5, float32_number = 6, bfloat16_number = 15;

int64_t number_of(ElementType type) {
  if (type == ElementType::float16) return float16_number;
  return type == ElementType::bfloat16 ? bfloat16_number : float32_number;
}

bool names_narrow_float(const Value& value) {
  const auto* number = std::get_if<int64_t>(&value.data);
  return number && (*number == float16_number || *number == bfloat16_number);
}

bool is_dtype(std::string_view argument) {
  return argument == "dtype" || argument == "out_dtype" || argument == "output_dtype";
}

bool reads(const Value& value, const std::function<bool(const Tensor&)>& condition, const Trace& trace) {
  if (const TensorId* id = value.tensor()) return condition(trace[*id]);
  const std::vector<Value>* list = value.list();
  return list && std::any_of(list->begin(), list->end(),
                             [&](const Value& element) { return reads(element, condition, trace); });
}

bool sums_products_of_float16(const Trace& trace, const Node& node) {
  const auto is_float16 = [](const Tensor& tensor) { return tensor.type == ElementType::float16; };
  const bool narrow = std::any_of(node.arguments.begin(), node.arguments.end(),
                                  [&](const auto& argument) { return reads(argument.second, is_float16, trace); });
  return narrow && multiply_adds(trace, node) > 0;
}

class Widening {
 public:
  explicit Widening(Trace trace) : trace_(std::move(trace)), stays_(trace_.tensors.size(), false) {}

  Trace run() {
    std::vector<Node> before, behind;
    for (Port& port : trace_.inputs) {
      if (!is_narrow_float(trace_[port.tensor].type)) continue;
      const TensorId wide = port.tensor;
      port.tensor = add_narrow_copy(wide);
      before.push_back(conversion(port.tensor, wide, ElementType::float32));
    }
    for (Port& port : trace_.outputs) {
      const TensorId wide = port.tensor;
      const ElementType type = trace_[wide].type;
      if (stays_[index(wide)] || !is_narrow_float(type)) continue;
      port.tensor = add_narrow_copy(wide);
      if (!trace_[wide].constant) behind.push_back(conversion(wide, port.tensor, type));
    }
    for (size_t i = 0; i < trace_.tensors.size(); ++i)
      if (!stays_[i]) widen(trace_.tensors[i]);
    for (Node& node : trace_.nodes) widen(node);
    shift_diagnosed_nodes(before.size());
    trace_.nodes.insert(trace_.nodes.begin(), before.begin(), before.end());
    trace_.nodes.insert(trace_.nodes.end(), behind.begin(), behind.end());
    return std::move(trace_);
  }

 private:
  static uint32_t index(TensorId id) { return static_cast<uint32_t>(id); }

  TensorId add_narrow_copy(TensorId of) {
    trace_.tensors.push_back(Tensor(trace_[of]));
    stays_.push_back(true);
    return static_cast<TensorId>(trace_.tensors.size() - 1);
  }

  Node conversion(TensorId from, TensorId to, ElementType type) {
    if (!origin_) {
      graph::Origin origin;
      origin.op = "aten::to";
      origin_ = static_cast<uint32_t>(trace_.origins.size());
      trace_.origins.push_back(std::move(origin));
    }
    return {"aten::to",
            "dtype",
            {{"self", {from}},
             {"dtype", {number_of(type)}},
             {"non_blocking", {false}},
             {"copy", {false}},
             {"memory_format", {Value::None{}}}},
            {{to}},
            *origin_};
  }

  static void widen(Tensor& tensor) {
    if (!is_narrow_float(tensor.type)) return;
    tensor.type = ElementType::float32;
    if (tensor.constant) tensor.constant = tensor.constant->converted(ElementType::float32);
  }

  static void widen(Node& node) {
    if (node.op == "aten::_cast_Half") node.op = "aten::_cast_Float";
    for (auto& [name, value] : node.arguments)
      if (is_dtype(name) && names_narrow_float(value)) value.data = float32_number;
    for (Region& region : node.regions)
      for (Node& inner : region.nodes) widen(inner);
  }

  void shift_diagnosed_nodes(size_t by) {
    for (graph::Diagnostic& diagnostic : trace_.diagnostics)
      for (NodeId& node : diagnostic.nodes) node = NodeId{static_cast<uint32_t>(node) + static_cast<uint32_t>(by)};
  }

  Trace trace_;
  std::vector<bool> stays_;  // by tensor: keeps its type
  std::optional<uint32_t> origin_;
};

}  // namespace

bool is_narrow_float(ElementType type) { return type == ElementType::float16 || type == ElementType::bfloat16; }

bool needs_float32(const Trace& trace) {
  const bool has_bfloat16 = std::any_of(trace.tensors.begin(), trace.tensors.end(),
                                        [](const Tensor& tensor) { return tensor.type == ElementType::bfloat16; });
  return has_bfloat16 || std::any_of(trace.nodes.begin(), trace.nodes.end(),
                                     [&](const Node& node) { return sums_products_of_float16(trace, node); });
}

Trace in_float32(Trace trace) { return Widening(std::move(trace)).run(); }

}  // namespace passerelle::trace
