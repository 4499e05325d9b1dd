#include "passerelle/report/file_report.h"

#include <algorithm>
#include <map>

#include "facts.h"
#include "passerelle/report/flow.h"

namespace passerelle::report {
namespace {

std::vector<uint32_t> to_vector(const blob::Indexes& indexes) {
  std::vector<uint32_t> result;
  for (uint32_t i = 0; i < indexes.size(); ++i) result.push_back(indexes[i]);
  return result;
}

FileOperand operand_of(const blob::Operand& operand) {
  FileOperand result;
  result.type = operand.type;
  result.shape = operand.dimensions.to_vector();
  result.storage = operand.storage;
  result.bytes = operand.byte_size;
  result.scale = operand.scale;
  result.zero_point = operand.zero_point;
  result.channel_scales = operand.channel_scales.to_vector();
  result.channel_dimension = operand.channel_dimension;
  result.window = operand.window;
  result.offset = operand.offset;
  return result;
}

FilePort port_of(const blob::Port& port) {
  return {port.name,  port.operand,    port.dtype,         port.shape.to_vector(),
          port.scale, port.zero_point, port.caller_layout, port.nnapi_layout};
}

FileOperation operation_of(const blob::SubgraphView& view, uint32_t index) {
  const blob::Operation operation = view.operation(index);
  FileOperation result;
  result.type = operation.type;
  result.name = operation.name;
  nnapi::Legality legality = operation_legality(view, operation);
  result.level = legality.level;
  result.level_reason = std::move(legality.reason);
  result.inputs = to_vector(operation.inputs);
  result.outputs = to_vector(operation.outputs);
  result.origin = origin_of(view, index);
  for (uint32_t operand : result.inputs) result.bytes_read += view.operand(operand).byte_size;
  for (uint32_t operand : result.outputs) result.bytes_written += view.operand(operand).byte_size;
  return result;
}

std::vector<OperationCount> counts_of(const std::vector<FileOperation>& operations) {
  std::map<std::string, OperationCount> by_name;
  for (const FileOperation& operation : operations) {
    OperationCount& row = by_name[operation.name];
    row.name = operation.name;
    ++row.count;
    row.level = std::max(row.level, operation.level);
    row.multiply_adds += operation.multiply_adds;
  }
  std::vector<OperationCount> rows;
  for (auto& [name, row] : by_name) rows.push_back(std::move(row));
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return rows;
}

/// A tensor lives from the operation that makes it (an input from the first on) to its last reader; outputs to the end.
void measure_peak(FileReport& report) {
  const size_t count = report.own_operations;
  if (count == 0) return;
  std::vector<size_t> first(report.operands.size(), 0), last(report.operands.size(), 0);
  for (size_t i = 0; i < count; ++i) {
    for (uint32_t operand : report.operations[i].inputs) last[operand] = i;
    for (uint32_t operand : report.operations[i].outputs) first[operand] = last[operand] = i;
  }
  for (const FilePort& port : report.outputs) last[port.operand] = count - 1;
  std::vector<int64_t> changes(count + 1);
  for (size_t i = 0; i < report.operands.size(); ++i) {
    if (report.operands[i].storage != blob::Storage::computed) continue;
    changes[first[i]] += static_cast<int64_t>(report.operands[i].bytes);
    changes[last[i] + 1] -= static_cast<int64_t>(report.operands[i].bytes);
  }
  int64_t now = 0;
  for (size_t i = 0; i < count; ++i) {
    now += changes[i];
    if (now <= static_cast<int64_t>(report.peak_bytes)) continue;
    report.peak_bytes = static_cast<uint64_t>(now);
    report.peak_operation = static_cast<uint32_t>(i);
  }
}

}  // namespace

size_t FileReport::count(nnapi::OperationType type) const {
  return static_cast<size_t>(std::count_if(operations.begin(), operations.end(),
                                           [&](const FileOperation& operation) { return operation.type == type; }));
}

std::vector<uint32_t> FileReport::constants_by_size() const {
  std::vector<uint32_t> constants;
  for (uint32_t i = 0; i < operands.size(); ++i)
    if (operands[i].is_constant()) constants.push_back(i);
  std::stable_sort(constants.begin(), constants.end(),
                   [&](uint32_t a, uint32_t b) { return operands[a].bytes > operands[b].bytes; });
  return constants;
}

std::vector<std::pair<uint32_t, uint32_t>> FileReport::nested_order() const {
  std::vector<std::vector<uint32_t>> parts(operations.size());
  for (uint32_t i = 0; i < operations.size(); ++i)
    if (operations[i].inside) parts[*operations[i].inside].push_back(i);
  std::vector<std::pair<uint32_t, uint32_t>> order;
  const auto add = [&](uint32_t index, uint32_t depth, const auto& again) -> void {
    order.emplace_back(index, depth);
    for (uint32_t part : parts[index]) again(part, depth + 1, again);
  };
  for (uint32_t i = 0; i < own_operations; ++i) add(i, 0, add);
  return order;
}

std::vector<uint32_t> FileReport::level_needs() const {
  std::vector<uint32_t> result;
  if (level <= nnapi::lowest_feature_level) return result;
  for (uint32_t i = 0; i < operations.size(); ++i)
    if (operations[i].level >= level) result.push_back(i);
  return result;
}

namespace {

/// The operations and operands of a subgraph, and of those that it refers to: each once, where it is first met.
class SubgraphReader {
 public:
  SubgraphReader(FileReport& report, const blob::View& view)
      : report_(report), view_(view), seen_(view.subgraph_count(), false) {}

  void read(uint32_t index, std::optional<uint32_t> inside, const char* part) {
    if (seen_[index]) return;
    seen_[index] = true;
    const blob::SubgraphView graph = view_.subgraph(index);
    const auto offset = static_cast<uint32_t>(report_.operands.size());
    const auto first = static_cast<uint32_t>(report_.operations.size());
    for (uint32_t i = 0; i < graph.operand_count(); ++i) report_.operands.push_back(operand_of(graph.operand(i)));
    for (uint32_t i = 0; i < graph.operation_count(); ++i) {
      FileOperation operation = operation_of(graph, i);
      for (auto* operands : {&operation.inputs, &operation.outputs})
        for (uint32_t& operand : *operands) operand += offset;
      operation.inside = inside;
      operation.part = part;
      report_.operations.push_back(std::move(operation));
    }
    if (index == 0) report_.own_operations = report_.operations.size();
    for (uint32_t i = 0; i < graph.operation_count(); ++i) {
      const blob::Operation operation = graph.operation(i);
      const char* const* name = operation.type == nnapi::OperationType::IF ? branch_names : loop_names;
      for (uint32_t k = 0; k < operation.inputs.size(); ++k)
        if (const blob::Operand operand = graph.operand(operation.inputs[k]);
            operand.storage == blob::Storage::subgraph)
          read(operand.subgraph, first + i, *name++);
    }
  }

 private:
  static constexpr const char* branch_names[] = {"then", "else"};
  static constexpr const char* loop_names[] = {"condition", "body"};

  FileReport& report_;
  const blob::View& view_;
  std::vector<bool> seen_;
};

}  // namespace

FileReport file_report(const std::string& name, const blob::View& view) {
  FileReport report;
  report.file = name;
  report.bytes = view.file_size();
  report.weight_bytes = constant_bytes(view);
  report.version_major = view.version_major();
  report.version_minor = view.version_minor();
  report.producer = view.producer();
  report.level = view.feature_level();
  report.relax_fp16 = view.relax_fp16();
  report.has_origins = view.has_origins();
  for (uint32_t i = 0; i < view.input_count(); ++i) report.inputs.push_back(port_of(view.input(i)));
  for (uint32_t i = 0; i < view.output_count(); ++i) report.outputs.push_back(port_of(view.output(i)));
  for (uint32_t i = 0; i < view.window_count(); ++i) report.windows.push_back(view.window(i));
  SubgraphReader(report, view).read(0, std::nullopt, "");
  for (uint32_t i = 0; i < report.operations.size(); ++i) {
    FileOperation& operation = report.operations[i];
    operation.multiply_adds = multiply_adds(report, operation);
    operation.overhead = why_overhead(report, i);
    report.multiply_adds += operation.multiply_adds;
    report.bytes_moved += operation.bytes_read + operation.bytes_written;
  }
  report.counts = counts_of(report.operations);
  measure_peak(report);
  report.islands = float_islands(flow_of(view));
  report.picture = picture_of(view);
  return report;
}

}  // namespace passerelle::report
