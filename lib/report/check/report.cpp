#include "passerelle/report/check_report.h"

#include <algorithm>

#include "passerelle/trace/multiply_adds.h"

namespace passerelle::report {
namespace {

/// Which of the trace's nodes can't be converted.
std::vector<bool> unsupported_in(const CheckFacts& facts) {
  std::vector<bool> result(facts.trace.nodes.size());
  for (const graph::Diagnostic& diagnostic : facts.diagnostics)
    for (graph::NodeId node : diagnostic.nodes) result[graph::index(node)] = true;
  return result;
}

}  // namespace

size_t CheckReport::obstacles() const {
  size_t result = 0;
  for (const Finding& finding : findings) result += finding.places.size();
  return result;
}

size_t CheckReport::accepted() const {
  size_t result = 0;
  for (const Finding& finding : findings) result += finding.accepted();
  return result;
}

bool CheckReport::passed() const {
  return accepted() == obstacles() &&
         std::none_of(guards.begin(), guards.end(), [](const Guard& guard) { return guard.failed; });
}

CheckReport check_report(const std::string& model, const CheckFacts& facts) {
  CheckReport report;
  report.model = model;
  report.target = facts.target;
  report.smallest_level = facts.smallest_level;
  report.complete = !facts.trace.outputs.empty() || facts.trace.diagnostics.empty();
  report.findings = findings_of(facts.trace, facts.diagnostics);
  if (facts.smallest_level > 0) report.level_needs = findings_of(facts.trace, facts.obstacles_below);
  if (facts.diagnostics.empty())
    for (const graph::Graph& graph : facts.module.graphs) report.nnapi_operations += graph.operations.size();

  const std::vector<bool> unsupported = unsupported_in(facts);
  report.operators.whole = operator_count(facts.trace, facts.diagnostics);
  for (uint32_t i = 0; i < facts.trace.nodes.size(); ++i) {
    const uint64_t cost = multiply_adds(facts.trace, facts.trace.nodes[i]);
    report.multiply_adds.whole += cost;
    if (unsupported[i]) continue;
    ++report.operators.part;
    report.multiply_adds.part += cost;
  }
  report.picture = picture_of(facts.trace, unsupported);
  return report;
}

}  // namespace passerelle::report
