#include "border.h"

#include <algorithm>

namespace passerelle::converter {
namespace {

using graph::ElementType;
using trace::Node;
using trace::NodeId;
using trace::TensorId;
using trace::Value;

/// LibTorch's number of a type, as aten::to takes it.
int64_t dtype_number(ElementType type) {
  switch (type) {
    case ElementType::int32: return 3;
    case ElementType::float16: return 5;
    case ElementType::bool8: return 11;
    default: return 6;  // float32
  }
}

/// Types that the loader of a .nnapi file would convert, and PyTorch's class does not: the part itself casts them.
bool is_cast_inside(ElementType type) { return type == ElementType::bool8 || type == ElementType::float16; }

Node cast(TensorId from, TensorId to, ElementType type, uint32_t origin) {
  return {"aten::to",
          "dtype",
          {{"self", {from}},
           {"dtype", {dtype_number(type)}},
           {"non_blocking", {false}},
           {"copy", {false}},
           {"memory_format", {Value::None{}}}},
          {{to}},
          origin};
}

TensorId add_carried(trace::Trace& trace, TensorId like) {
  trace::Tensor tensor = trace[like];
  tensor.type = *carried_type(tensor.type);
  trace.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(trace.tensors.size() - 1);
}

bool names(const Value& value, TensorId id) {
  if (const TensorId* tensor = value.tensor()) return *tensor == id;
  const std::vector<Value>* list = value.list();
  return list && std::any_of(list->begin(), list->end(), [&](const Value& each) { return names(each, id); });
}

bool reads(const Node& node, TensorId id) {
  return std::any_of(node.arguments.begin(), node.arguments.end(),
                     [&](const auto& argument) { return names(argument.second, id); });
}

bool makes(const Node& node, TensorId id) {
  return std::any_of(node.results.begin(), node.results.end(), [&](const Value& result) { return names(result, id); });
}

graph::Diagnostic refusal(const trace::Trace& trace, NodeId node, ElementType type, const char* verb) {
  graph::Diagnostic diagnostic;
  diagnostic.reason = graph::Reason::element_type;
  diagnostic.origin = trace.origins[trace[node].origin];
  diagnostic.op = diagnostic.origin.op;
  diagnostic.message = std::string("it ") + verb + " LibTorch a tensor of type " + std::string(graph::name(type)) +
                       ", which PyTorch's own NNAPI class does not take";
  diagnostic.nodes = {node};
  return diagnostic;
}

}  // namespace

std::optional<ElementType> carried_type(ElementType type) {
  switch (type) {
    case ElementType::float16:
    case ElementType::float32:
    case ElementType::float64: return ElementType::float32;
    case ElementType::uint8:
    case ElementType::int8:
    case ElementType::int16:
    case ElementType::int32:
    case ElementType::int64:
    case ElementType::bool8: return ElementType::int32;
    case ElementType::quint8: return ElementType::quint8;
    default: return std::nullopt;
  }
}

Bordered with_border(const trace::Trace& whole, const partition::Part& part) {
  trace::Trace trace = partition::trace_of(whole, part);
  std::vector<Node> before, behind;
  const uint32_t origin = trace.nodes.front().origin;
  for (trace::Port& port : trace.inputs) {
    const ElementType type = trace[port.tensor].type;
    if (!is_cast_inside(type)) continue;
    const TensorId carried = add_carried(trace, port.tensor);
    before.push_back(cast(carried, port.tensor, type, origin));
    port.tensor = carried;
  }
  for (trace::Port& port : trace.outputs) {
    if (!is_cast_inside(trace[port.tensor].type)) continue;
    const TensorId carried = add_carried(trace, port.tensor);
    behind.push_back(cast(port.tensor, carried, trace[carried].type, origin));
    port.tensor = carried;
  }
  std::vector<NodeId> original(before.size(), part.nodes.front());
  original.insert(original.end(), part.nodes.begin(), part.nodes.end());
  original.resize(original.size() + behind.size(), part.nodes.back());
  trace.nodes.insert(trace.nodes.begin(), before.begin(), before.end());
  trace.nodes.insert(trace.nodes.end(), behind.begin(), behind.end());
  return {std::move(trace), std::move(original)};
}

std::vector<graph::Diagnostic> refused_at_border(const trace::Trace& whole, const partition::Part& part) {
  std::vector<graph::Diagnostic> refused;
  for (NodeId node : part.nodes) {
    for (TensorId id : part.inputs)
      if (!carried_type(whole[id].type) && reads(whole[node], id))
        refused.push_back(refusal(whole, node, whole[id].type, "takes from"));
    for (TensorId id : part.outputs)
      if (!carried_type(whole[id].type) && makes(whole[node], id))
        refused.push_back(refusal(whole, node, whole[id].type, "hands"));
  }
  return refused;
}

}  // namespace passerelle::converter
