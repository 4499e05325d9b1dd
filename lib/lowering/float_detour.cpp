// Operators on quantized tensors that nothing lowers in integers: dequantize, the operator on floats, quantize.
#include <map>
#include <string>
#include <utility>

#include "families.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

using trace::Node;
using trace::Tensor;
using trace::TensorId;
using trace::Trace;

template <typename AnyValue, typename Visit>
void for_each_tensor(AnyValue& value, const Visit& visit) {
  if (auto* id = std::get_if<TensorId>(&value.data)) visit(*id);
  if (auto* list = std::get_if<std::vector<trace::Value>>(&value.data))
    for (auto& element : *list) for_each_tensor(element, visit);
}

/// What an operator of quantized:: is on floats.
std::string_view on_floats(std::string_view op) {
  const auto known = names_on_floats().find(op);
  return known == names_on_floats().end() ? op : known->second;
}

/// The operator and its arguments by the names that they have for floats.
void name_for_floats(Node& node) {
  const std::string_view op = on_floats(node.op);
  if (op == node.op) return;
  for (auto& argument : node.arguments) {
    if (argument.first == "qx" || argument.first == "qa") argument.first = "self";
    if (argument.first == "qb") argument.first = "other";
  }
  if (op == "aten::instance_norm") node.arguments.push_back({"use_input_stats", {true}});
  node.op = std::string(op);
}

/// QNNPACK counts the padding in, whatever the arguments say; LibTorch leaves windows beyond the image to another
/// kernel.
void count_padding(const Trace& trace, Node& node) {
  if (node.op != "aten::avg_pool2d") return;
  trace::Value *counts = nullptr, *divisor = nullptr;
  bool ceil_mode = false;
  for (auto& [name, value] : node.arguments) {
    if (name == "self" && trace[*value.tensor()].type != graph::ElementType::quint8) return;
    if (name == "ceil_mode") ceil_mode = std::get<bool>(value.data);
    if (name == "count_include_pad") counts = &value;
    if (name == "divisor_override") divisor = &value;
  }
  if (ceil_mode || !counts || !divisor) return;
  counts->data = true;
  divisor->data = trace::Value::None{};
}

class Detours {
 public:
  explicit Detours(const Trace& trace) : trace_(trace) {}

  Detoured run() {
    std::vector<Node> nodes = std::move(trace_.nodes);
    std::vector<uint32_t> original_node;
    for (size_t i = 0; i < nodes.size(); ++i) {
      add(std::move(nodes[i]));
      original_node.resize(nodes_.size(), static_cast<uint32_t>(i));
    }
    trace_.nodes = std::move(nodes_);
    return {std::move(trace_), std::move(original_node)};
  }

 private:
  Tensor& at(TensorId id) { return trace_.tensors[static_cast<uint32_t>(id)]; }

  TensorId float_like(TensorId id) {
    Tensor tensor = at(id);
    if (tensor.constant) tensor.constant = dequantized(tensor);
    tensor.type = graph::ElementType::float32;
    tensor.quantization = {};
    tensor.channel_zero_points.clear();
    trace_.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(trace_.tensors.size() - 1);
  }

  void add(Node node) {
    count_padding(trace_, node);
    for (trace::Region& region : node.regions) region.nodes = inside(std::move(region.nodes));
    if (!node.regions.empty() || !has_quantized_tensors(trace_, node) || keeps_scale(node.op) ||
        lowers_in_integers(node.op))
      nodes_.push_back(std::move(node));
    else
      detour(std::move(node));
  }

  /// What is dequantized in a region is not there outside.
  std::vector<Node> inside(std::vector<Node> nodes) {
    const auto floats = floats_;
    std::vector<Node> outside = std::move(nodes_);
    nodes_.clear();
    for (Node& node : nodes) add(std::move(node));
    std::swap(nodes_, outside);
    floats_ = floats;
    return outside;
  }

  void detour(Node node) {
    const uint32_t origin = node.origin;
    std::vector<std::pair<TensorId, TensorId>> results;
    for (auto& argument : node.arguments)
      for_each_tensor(argument.second, [&](TensorId& id) {
        if (graph::is_quantized(at(id).type)) id = on_floats_at(id, origin);
      });
    for (trace::Value& result : node.results)
      for_each_tensor(result, [&](TensorId& id) {
        if (!graph::is_quantized(at(id).type)) return;
        const TensorId computed = float_like(id);
        results.emplace_back(computed, id);
        id = computed;
      });
    name_for_floats(node);
    nodes_.push_back(std::move(node));
    for (const auto& [computed, quantized] : results)
      nodes_.push_back({"aten::quantize_per_tensor", "", {{"self", {computed}}}, {{quantized}}, origin});
  }

  TensorId on_floats_at(TensorId id, uint32_t origin) {
    const auto known = floats_.find(id);
    if (known != floats_.end()) return known->second;
    const TensorId result = float_like(id);
    if (!at(id).constant) nodes_.push_back({"aten::dequantize", "self", {{"self", {id}}}, {{result}}, origin});
    return floats_[id] = result;
  }

  Trace trace_;
  std::vector<Node> nodes_;              // that take the place of the trace's, or of a region's
  std::map<TensorId, TensorId> floats_;  // by quantized tensor
};

}  // namespace

bool has_quantized_tensors(const Trace& trace, const Node& node) {
  bool found = false;
  const auto look = [&](TensorId id) { found = found || graph::is_quantized(trace[id].type); };
  for (const auto& argument : node.arguments) for_each_tensor(argument.second, look);
  for (const trace::Value& result : node.results) for_each_tensor(result, look);
  return found;
}

const std::map<std::string_view, std::string_view>& names_on_floats() {
  static const std::map<std::string_view, std::string_view> names{
      {"quantized::celu", "aten::celu"},
      {"quantized::elu", "aten::elu"},
      {"quantized::group_norm", "aten::group_norm"},
      {"quantized::instance_norm", "aten::instance_norm"},
      {"quantized::layer_norm", "aten::layer_norm"},
      {"quantized::matmul", "aten::matmul"},
      {"quantized::prelu", "aten::prelu"},
      {"quantized::threshold", "aten::threshold"},
  };
  return names;
}

Detoured with_float_detours(const Trace& trace) { return Detours(trace).run(); }

}  // namespace passerelle::lowering
