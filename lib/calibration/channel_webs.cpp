#include "channel_webs.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "integer_forms.h"

namespace passerelle::calibration {
namespace {

using graph::Graph;
using graph::OperandId;
using graph::Operation;
using Op = graph::OperationType;

uint32_t channels_of(const Graph& graph, OperandId id) {
  const graph::Shape& shape = graph.shape(id);
  return shape.empty() ? 0 : shape.back();
}

class WebFinder {
 public:
  explicit WebFinder(const Graph& graph) : graph_(graph), parent_(graph.operands.size()), locked_(parent_.size()) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }

  std::vector<ChannelWeb> run() {
    for (OperandId id : graph_.inputs) lock(id);
    for (OperandId id : graph_.outputs) lock(id);
    for (size_t i = 0; i < graph_.operations.size(); ++i)
      if (!is_free_layer(i)) visit(graph_.operations[i]);
    return collect();
  }

 private:
  size_t root(OperandId id) const {
    size_t at = graph::index(id);
    while (parent_[at] != at) at = parent_[at];
    return at;
  }
  void lock(OperandId id) { locked_[root(id)] = true; }
  void tie(OperandId a, OperandId b) {
    const size_t to = root(a), from = root(b);
    if (to == from) return;
    locked_[to] = locked_[to] || locked_[from];
    parent_[from] = to;
  }

  /// A layer that divides what it reads and multiplies what it makes. RELU1 has a floor that moves; of grouped
  /// convolutions the channels lie otherwise.
  bool is_free_layer(size_t i) const {
    const Operation& operation = graph_.operations[i];
    if (role_of(graph_, operation) != Role::layer || operation.is(Op::GROUPED_CONV_2D)) return false;
    if (operation.is(Op::DEPTHWISE_CONV_2D) && operation.integer("depth_multiplier") != 1) return false;
    constexpr int32_t relu1 = 2;
    if (operation.integer("activation") == relu1) return false;
    const graph::Shape& weights = graph_.shape(operation.operand(weights_of(operation).name));
    return weights.back() == channels_of(graph_, operation.operand("input"));
  }

  void visit(const Operation& operation) {
    std::vector<OperandId> all = operation.inputs();
    all.insert(all.end(), operation.outputs.begin(), operation.outputs.end());
    if (passes_through(operation)) return tie(operation.operand("input"), operation.output());
    if (is_sum(operation)) {
      tie(operation.operand("input1"), operation.output());
      return tie(operation.operand("input2"), operation.output());
    }
    if (is_gate(operation)) {
      tie(operation.operand("input1"), operation.output());
      return lock(operation.operand("input2"));
    }
    for (OperandId id : all) lock(id);
  }

  /// f(k x) = k f(x) for k > 0, channel by channel.
  bool passes_through(const Operation& operation) const {
    if (!operation.type) return false;
    switch (*operation.type) {
      case Op::AVERAGE_POOL_2D:
      case Op::MAX_POOL_2D:
        if (operation.integer("activation") > 1) return false;
        break;
      case Op::MEAN:
      case Op::PAD:
      case Op::RELU:
      case Op::RESHAPE:
      case Op::RESIZE_BILINEAR:
      case Op::RESIZE_NEAREST_NEIGHBOR: break;
      default: return false;
    }
    const OperandId input = operation.operand("input"), output = operation.output();
    if (graph_.is_constant(input) || channels_of(graph_, input) != channels_of(graph_, output)) return false;
    return !operation.is(Op::MEAN) || keeps_channels(operation);
  }

  /// A mean over other dimensions than the last.
  bool keeps_channels(const Operation& mean) const {
    const OperandId axes = mean.operand("axes");
    if (!graph_.is_constant(axes)) return false;
    const auto rank = static_cast<int64_t>(graph_.shape(mean.operand("input")).size());
    for (int64_t axis : graph_[axes].constant->integers())
      if (axis == -1 || axis == rank - 1) return false;
    return true;
  }

  bool is_sum(const Operation& operation) const {
    if (!operation.is(Op::ADD) && !operation.is(Op::SUB)) return false;
    const OperandId a = operation.operand("input1"), b = operation.operand("input2");
    return operation.integer("activation") <= 1 && !graph_.is_constant(a) && !graph_.is_constant(b) &&
           graph_.shape(a) == graph_.shape(b) && graph_.type(a).type == graph::OperandType::TENSOR_FLOAT32;
  }

  /// The second factor is what it is.
  bool is_gate(const Operation& operation) const {
    if (!operation.is(Op::MUL) || operation.integer("activation") > 1) return false;
    const OperandId a = operation.operand("input1");
    return !graph_.is_constant(a) && graph_.shape(a) == graph_.shape(operation.output()) &&
           graph_.type(a).type == graph::OperandType::TENSOR_FLOAT32 && root(a) != root(operation.operand("input2"));
  }

  std::vector<ChannelWeb> collect() const {
    std::map<size_t, ChannelWeb> webs;
    for (uint32_t i = 0; i < graph_.operations.size(); ++i) {
      const Operation& operation = graph_.operations[i];
      const bool is_layer = is_free_layer(i);
      if (is_layer) webs[root(operation.operand("input"))].readers.push_back(i);
      for (OperandId id : operation.outputs) {
        webs[root(id)].operands.push_back(id);
        if (is_layer) webs[root(id)].makers.push_back(i);
      }
    }
    std::vector<ChannelWeb> free;
    for (auto& [root, web] : webs)
      if (!locked_[root] && !web.makers.empty() && !web.readers.empty()) free.push_back(std::move(web));
    std::sort(free.begin(), free.end(),
              [](const ChannelWeb& a, const ChannelWeb& b) { return a.makers.front() < b.makers.front(); });
    return free;
  }

  const Graph& graph_;
  std::vector<size_t> parent_;
  std::vector<bool> locked_;
};

}  // namespace

std::vector<ChannelWeb> channel_webs(const Graph& graph) { return WebFinder(graph).run(); }

}  // namespace passerelle::calibration
