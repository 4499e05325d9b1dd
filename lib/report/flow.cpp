#include "passerelle/report/flow.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

namespace passerelle::report {
namespace {

using nnapi::OperandType;
using nnapi::OperationType;

bool is_float(OperandType type) { return type == OperandType::TENSOR_FLOAT32 || type == OperandType::TENSOR_FLOAT16; }

bool computes_floats(const Flow& flow, const FlowOperation& operation) {
  return operation.type != OperationType::DEQUANTIZE &&
         std::any_of(operation.outputs.begin(), operation.outputs.end(),
                     [&](uint32_t operand) { return is_float(flow.types[operand]); });
}

/// Sets that are joined.
class Groups {
 public:
  explicit Groups(size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), 0); }
  uint32_t of(uint32_t member) {
    while (parents_[member] != member) member = parents_[member] = parents_[parents_[member]];
    return member;
  }
  void join(uint32_t a, uint32_t b) { parents_[of(a)] = of(b); }

 private:
  std::vector<uint32_t> parents_;
};

}  // namespace

Flow flow_of(const graph::Graph& graph) {
  Flow flow;
  for (const graph::Operand& operand : graph.operands) {
    flow.types.push_back(operand.type.type);
    flow.constant.push_back(operand.constant.has_value());
  }
  for (const graph::Operation& operation : graph.operations) {
    if (!operation.type) continue;
    FlowOperation added{*operation.type, {}, {}};
    for (graph::OperandId id : operation.inputs()) added.inputs.push_back(graph::index(id));
    for (graph::OperandId id : operation.outputs) added.outputs.push_back(graph::index(id));
    flow.operations.push_back(std::move(added));
  }
  return flow;
}

Flow flow_of(const blob::View& view) {
  Flow flow;
  for (uint32_t i = 0; i < view.operand_count(); ++i) {
    const blob::Operand operand = view.operand(i);
    flow.types.push_back(operand.type);
    flow.constant.push_back(operand.storage != blob::Storage::computed);
  }
  for (uint32_t i = 0; i < view.operation_count(); ++i) {
    const blob::Operation operation = view.operation(i);
    FlowOperation added{operation.type, {}, {}};
    for (uint32_t k = 0; k < operation.inputs.size(); ++k) added.inputs.push_back(operation.inputs[k]);
    for (uint32_t k = 0; k < operation.outputs.size(); ++k) added.outputs.push_back(operation.outputs[k]);
    flow.operations.push_back(std::move(added));
  }
  return flow;
}

size_t transposes(const Flow& flow) {
  return static_cast<size_t>(std::count_if(flow.operations.begin(), flow.operations.end(), [](const auto& operation) {
    return operation.type == OperationType::TRANSPOSE;
  }));
}

std::vector<std::vector<uint32_t>> float_islands(const Flow& flow) {
  const uint32_t count = static_cast<uint32_t>(flow.operations.size());
  std::vector<std::optional<uint32_t>> makers(flow.types.size());
  for (uint32_t i = 0; i < count; ++i)
    for (uint32_t operand : flow.operations[i].outputs) makers[operand] = i;
  Groups groups(count);
  std::vector<bool> entered(count), left(count);
  for (uint32_t i = 0; i < count; ++i) {
    const FlowOperation& operation = flow.operations[i];
    for (uint32_t operand : operation.inputs) {
      if (flow.constant[operand] || !makers[operand] || !is_float(flow.types[operand])) continue;
      const uint32_t maker = *makers[operand];
      const bool inside = computes_floats(flow, flow.operations[maker]);
      if (operation.type == OperationType::QUANTIZE) {
        left[maker] = left[maker] || inside;
      } else if (computes_floats(flow, operation)) {
        if (inside)
          groups.join(i, maker);
        else if (flow.operations[maker].type == OperationType::DEQUANTIZE)
          entered[i] = true;
      }
    }
  }
  struct Island {
    std::vector<uint32_t> operations;
    bool entered = false, left = false;
  };
  std::map<uint32_t, Island> islands;
  for (uint32_t i = 0; i < count; ++i) {
    if (!computes_floats(flow, flow.operations[i])) continue;
    Island& island = islands[groups.of(i)];
    island.operations.push_back(i);
    island.entered = island.entered || entered[i];
    island.left = island.left || left[i];
  }
  std::vector<std::vector<uint32_t>> result;
  for (auto& [group, island] : islands)
    if (island.entered && island.left) result.push_back(std::move(island.operations));
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace passerelle::report
