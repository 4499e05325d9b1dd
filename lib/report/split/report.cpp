#include "passerelle/report/split_report.h"

#include "passerelle/trace/multiply_adds.h"

namespace passerelle::report {
namespace {

const graph::Origin& origin_of(const trace::Trace& trace, trace::NodeId node) {
  return trace.origins[trace[node].origin];
}

SplitPartReport part_report(const trace::Trace& trace, const partition::Part& part, size_t operations) {
  SplitPartReport report;
  report.operators = part.nodes.size();
  report.operations = operations;
  for (trace::NodeId node : part.nodes) report.multiply_adds += trace::multiply_adds(trace, trace[node]);
  for (trace::TensorId id : part.inputs) report.bytes_in += partition::byte_size(trace[id]);
  for (trace::TensorId id : part.outputs) report.bytes_out += partition::byte_size(trace[id]);
  report.first = origin_of(trace, part.nodes.front());
  report.last = origin_of(trace, part.nodes.back());
  return report;
}

}  // namespace

double SplitReport::cpu_share() const {
  if (multiply_adds > 0) return 100.0 * static_cast<double>(kept_multiply_adds) / static_cast<double>(multiply_adds);
  return operators == 0 ? 0 : 100.0 * static_cast<double>(kept) / static_cast<double>(operators);
}

SplitReport split_report(const SplitFacts& facts) {
  SplitReport report;
  report.operators = facts.trace.nodes.size();
  for (const trace::Node& node : facts.trace.nodes) report.multiply_adds += trace::multiply_adds(facts.trace, node);
  for (size_t i = 0; i < facts.cut.parts.size(); ++i)
    report.parts.push_back(part_report(facts.trace, facts.cut.parts[i], facts.operations[i]));
  for (const partition::Step& step : facts.cut.steps) {
    const auto* node = std::get_if<trace::NodeId>(&step);
    if (node == nullptr) continue;
    ++report.kept;
    report.kept_multiply_adds += trace::multiply_adds(facts.trace, facts.trace[*node]);
    if (!facts.refused[graph::index(*node)]) ++report.given_back;
  }
  report.nanoseconds = facts.cut.nanoseconds;
  report.all_cpu = facts.cut.all_cpu;
  report.blockers = findings_of(facts.trace, facts.blockers);
  return report;
}

}  // namespace passerelle::report
