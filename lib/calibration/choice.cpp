#include "choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "ranges.h"

namespace passerelle::calibration {
namespace {

using graph::Graph;
using graph::OperandId;
using graph::OperandType;
using graph::Operation;
using Op = graph::OperationType;

bool is_float(const Graph& graph, OperandId id) { return graph.type(id).type == OperandType::TENSOR_FLOAT32; }

bool returns(const Graph& graph, OperandId id) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
}

/// What an operation reads as numbers that change from run to run.
std::vector<OperandId> computed_inputs(const Graph& graph, const Operation& operation) {
  std::vector<OperandId> result;
  for (OperandId id : operation.inputs())
    if (is_float(graph, id) && !graph.is_constant(id)) result.push_back(id);
  return result;
}

/// Whether it is worth nothing to compute this in integers among floats.
bool is_light(Role role) { return role != Role::layer && role != Role::floats; }

class RoleChooser {
 public:
  RoleChooser(const Graph& graph, const std::vector<bool>& floats)
      : graph_(graph), producers_(graph.producers()), consumers_(graph.consumers()) {
    for (size_t i = 0; i < graph.operations.size(); ++i)
      roles_.push_back(floats[i] ? Role::floats : role_of(graph, graph.operations[i]));
  }

  Roles run() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < roles_.size(); ++i) {
        if (!is_light(roles_[i]) || !(has_float_readers(i) || has_float_sources(i))) continue;
        roles_[i] = Role::floats;
        changed = true;
      }
    }
    return roles_;
  }

 private:
  bool has_float_readers(size_t operation) const {
    bool some = false;
    for (OperandId id : graph_.operations[operation].outputs) {
      for (uint32_t reader : consumers_[graph::index(id)]) {
        if (roles_[reader] != Role::floats) return false;
        some = true;
      }
      if (returns(graph_, id)) return false;
    }
    return some;
  }

  bool has_float_sources(size_t operation) const {
    const std::vector<OperandId> inputs = computed_inputs(graph_, graph_.operations[operation]);
    return !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [&](OperandId id) {
      const std::optional<uint32_t> maker = producers_[graph::index(id)];
      return maker && roles_[*maker] == Role::floats;
    });
  }

  const Graph& graph_;
  std::vector<std::optional<uint32_t>> producers_;
  std::vector<std::vector<uint32_t>> consumers_;
  Roles roles_;
};

/// Operands that have one scale.
class Groups {
 public:
  Groups(const Graph& graph, const std::map<OperandId, Histogram>& histograms) : parent_(graph.operands.size()) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
    for (const auto& [id, histogram] : histograms) members_[graph::index(id)] = histogram;
  }

  size_t root(OperandId id) const {
    size_t at = graph::index(id);
    while (parent_[at] != at) at = parent_[at];
    return at;
  }
  const Histogram& histogram(OperandId id) { return members_[root(id)]; }
  const std::optional<graph::Quantization>& fixed(OperandId id) { return fixed_[root(id)]; }
  void fix(OperandId id, const graph::Quantization& quantization) { fixed_[root(id)] = quantization; }

  /// Nothing is done where two fixed scales differ: then numbers are brought from one to the other.
  void tie(OperandId a, OperandId b) {
    const size_t to = root(a), from = root(b);
    if (to == from) return;
    if (fixed_[to] && fixed_[from] && !(*fixed_[to] == *fixed_[from])) return;
    if (!fixed_[to]) fixed_[to] = fixed_[from];
    members_[to].add(members_[from]);
    parent_[from] = to;
  }

 private:
  std::vector<size_t> parent_;
  std::map<size_t, Histogram> members_;
  std::map<size_t, std::optional<graph::Quantization>> fixed_;
};

/// What no reader of an operand can tell from the end of its range has no part in that.
Limits limits_by_readers(const Graph& graph, const Roles& roles, OperandId id, const std::vector<uint32_t>& readers) {
  Limits limits{0, 0};
  for (uint32_t reader : readers) {
    if (roles[reader] == Role::floats) return {-INFINITY, INFINITY};
    const Limits here = limits_of(graph.operations[reader]);
    limits = {std::min(limits.lowest, here.lowest), std::max(limits.highest, here.highest)};
  }
  return readers.empty() || returns(graph, id) ? Limits{-INFINITY, INFINITY} : limits;
}

std::map<OperandId, Histogram> limited(const Graph& graph, const Roles& roles, const Observations& seen) {
  const std::vector<std::vector<uint32_t>> readers = graph.consumers();
  std::map<OperandId, Histogram> result;
  for (const auto& [id, statistics] : seen) {
    const Limits limits = limits_by_readers(graph, roles, id, readers[graph::index(id)]);
    result[id] = statistics.histogram.limited_to(limits.lowest, limits.highest);
  }
  return result;
}

class ScaleChooser {
 public:
  ScaleChooser(const Graph& graph, const Roles& roles, const Observations& seen, const Options& options,
               nnapi::FeatureLevel level)
      : graph_(graph), roles_(roles), options_(options), level_(level), groups_(graph, limited(graph, roles, seen)) {}

  Scales run() {
    fix_scales();
    tie_scales();
    for (size_t i = 0; i < roles_.size(); ++i) {
      if (roles_[i] == Role::floats) continue;
      for (OperandId id : computed_inputs(graph_, graph_.operations[i])) choose(id);
      for (OperandId id : graph_.operations[i].outputs) choose(id);
    }
    return std::move(scales_);
  }

 private:
  void fix_scales() {
    for (const auto& [input, quantization] : options_.given_inputs) groups_.fix(graph_.inputs[input], quantization);
    for (size_t i = 0; i < roles_.size(); ++i)
      if (roles_[i] == Role::prescribed)
        groups_.fix(graph_.operations[i].output(), prescribed_scale(graph_.operations[i], options_.signed_activations));
  }

  void tie_scales() {
    for (size_t i = 0; i < roles_.size(); ++i) {
      const Operation& operation = graph_.operations[i];
      const bool is_early_concatenation = operation.is(Op::CONCATENATION) && level_ < 3;
      if (roles_[i] == Role::moves || is_early_concatenation || (may_differ(i) && !gains(operation)))
        for (OperandId input : computed_inputs(graph_, operation))
          for (OperandId output : operation.outputs) groups_.tie(input, output);
      else if (roles_[i] == Role::averages && !may_differ(i))
        groups_.tie(operation.operand("input"), operation.output());
    }
  }

  /// Whether NNAPI leaves the result's scale free where the passes write the operation otherwise.
  bool may_differ(size_t i) const {
    return roles_[i] == Role::clamps || (roles_[i] == Role::averages && can_rescale(graph_, graph_.operations[i]));
  }

  /// Whether the result is so much smaller than the operand that a scale of its own is worth another operation.
  bool gains(const Operation& operation) {
    constexpr double worthwhile = 0.75;
    const Range from = range_of(groups_.histogram(operation.operand("input")), options_.method);
    const Range to = range_of(groups_.histogram(operation.output()), options_.method);
    return to.size() < worthwhile * from.size();
  }

  void choose(OperandId id) {
    if (scales_.count(id) > 0) return;
    graph::TensorType type = graph_.type(id);
    type.type =
        options_.signed_activations ? OperandType::TENSOR_QUANT8_ASYMM_SIGNED : OperandType::TENSOR_QUANT8_ASYMM;
    if (const auto& fixed = groups_.fixed(id))
      type.quantization = *fixed;
    else
      type.quantization =
          quantization_of(range_of(groups_.histogram(id), options_.method), options_.signed_activations);
    scales_[id] = std::move(type);
  }

  const Graph& graph_;
  const Roles& roles_;
  const Options& options_;
  nnapi::FeatureLevel level_;
  Groups groups_;
  Scales scales_;
};

}  // namespace

Roles choose_roles(const Graph& graph, const std::vector<bool>& floats) { return RoleChooser(graph, floats).run(); }

Scales choose_scales(const Graph& graph, const Roles& roles, const Observations& seen, const Options& options,
                     nnapi::FeatureLevel level) {
  return ScaleChooser(graph, roles, seen, options, level).run();
}

}  // namespace passerelle::calibration
