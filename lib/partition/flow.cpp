#include "flow.h"

#include <algorithm>
#include <string_view>

#include "passerelle/trace/multiply_adds.h"

namespace passerelle::partition {
namespace {

using trace::Tensor;
using trace::Value;

void collect(const Trace& trace, const Value& value, std::vector<TensorId>& tensors) {
  if (const TensorId* id = value.tensor())
    if (trace[*id].dependence == trace::Dependence::data &&
        std::find(tensors.begin(), tensors.end(), *id) == tensors.end())
      tensors.push_back(*id);
  if (const std::vector<Value>* list = value.list())
    for (const Value& element : *list) collect(trace, element, tensors);
}

/// LibTorch makes a view: nothing is moved.
bool is_view(std::string_view op) {
  constexpr std::string_view views[] = {
      "aten::alias",   "aten::chunk",     "aten::detach",       "aten::expand",
      "aten::flatten", "aten::narrow",    "aten::permute",      "aten::reshape",
      "aten::select",  "aten::slice",     "aten::split",        "aten::split_with_sizes",
      "aten::squeeze", "aten::t",         "aten::tensor_split", "aten::transpose",
      "aten::unbind",  "aten::unflatten", "aten::unsqueeze",    "aten::view"};
  return std::find(std::begin(views), std::end(views), op) != std::end(views);
}

double bytes_moved(const Trace& trace, const Flow::Node& node) {
  double bytes = 0;
  for (TensorId id : node.reads) bytes += static_cast<double>(byte_size(trace[id]));
  for (TensorId id : node.makes) bytes += static_cast<double>(byte_size(trace[id]));
  return bytes;
}

double crossing_cost(const Tensor& tensor, const Costs& costs) {
  const bool is_cast = tensor.type != graph::ElementType::float32 && tensor.type != graph::ElementType::int32 &&
                       tensor.type != graph::ElementType::quint8;
  const double each =
      costs.border_byte * 2 + (tensor.shape.size() == 4 ? costs.permuted_byte : 0) + (is_cast ? costs.cast_byte : 0);
  return static_cast<double>(byte_size(tensor)) * each;
}

bool quantizes(const trace::Node& node) { return node.op.find("::quantize_per_") != std::string::npos; }

}  // namespace

std::vector<TensorId> data_read(const Trace& trace, const trace::Node& node) {
  std::vector<TensorId> tensors;
  for (const auto& [name, value] : node.arguments) collect(trace, value, tensors);
  return tensors;
}

std::vector<TensorId> data_made(const Trace& trace, const trace::Node& node) {
  std::vector<TensorId> tensors;
  for (const Value& result : node.results) collect(trace, result, tensors);
  return tensors;
}

Flow::Flow(const Trace& trace, const Constraints& constraints, const Costs& costs)
    : makers(trace.tensors.size(), nobody), users(trace.tensors.size()), returned(trace.tensors.size()) {
  for (const Tensor& tensor : trace.tensors) crossing.push_back(crossing_cost(tensor, costs));
  for (const trace::Port& port : trace.outputs) returned[index(port.tensor)] = true;
  uint32_t last_in_order = nobody;
  for (uint32_t i = 0; i < trace.nodes.size(); ++i) {
    const trace::Node& of = trace.nodes[i];
    Node node;
    node.reads = data_read(trace, of);
    node.makes = data_made(trace, of);
    node.tied = i;
    node.stays = constraints.stays[i] || constraints.in_order[i];
    for (TensorId id : node.makes)
      if (makers[index(id)] == nobody) makers[index(id)] = i;
    for (TensorId id : node.reads) {
      users[index(id)].push_back(i);
      const uint32_t maker = makers[index(id)];
      if (maker == nobody || maker == i) continue;
      node.before.push_back(maker);
      nodes[maker].readers.push_back(i);
      if (of.op == "aten::dequantize" && quantizes(trace.nodes[maker])) node.tied = maker;
    }
    if (constraints.in_order[i]) {
      if (last_in_order != nobody) node.before.push_back(last_in_order);
      last_in_order = i;
    }
    const auto work = static_cast<double>(trace::multiply_adds(trace, of));
    const double bytes = is_view(of.op) ? 0 : bytes_moved(trace, node);
    node.cpu = work > 0 ? work * costs.cpu_multiply_add : bytes * costs.cpu_byte;
    node.nnapi = work > 0 ? work * costs.nnapi_multiply_add : bytes * costs.nnapi_byte;
    nodes.push_back(std::move(node));
  }
  // A quantize with a dequantize behind it is a rounding: in one arithmetic or in the other.
  together.resize(nodes.size());
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    together[nodes[i].tied].push_back(i);
    if (nodes[i].stays) nodes[nodes[i].tied].stays = true;
  }
  for (Node& node : nodes)
    if (nodes[node.tied].stays) node.stays = true;
}

}  // namespace passerelle::partition
