#include "passerelle/report/check_report.h"

#include <algorithm>

#include "multiply_adds.h"
#include "trace_facts.h"

namespace passerelle::report {
namespace {

/// Which of the trace's nodes can't be converted, and how many obstacles are in none of them (an `if` on data, an
/// operator that could not be run).
struct Unsupported {
  std::vector<bool> nodes;
  size_t elsewhere = 0;
};

Unsupported unsupported_in(const CheckFacts& facts) {
  Unsupported result{std::vector<bool>(facts.trace.nodes.size()), 0};
  for (size_t i = 0; i < facts.diagnostics.size(); ++i) {
    const std::vector<uint32_t> nodes =
        nodes_of(facts.trace, facts.diagnostics[i], i < facts.refused.size() ? facts.refused[i] : std::nullopt);
    for (uint32_t node : nodes) result.nodes[node] = true;
    if (nodes.empty()) ++result.elsewhere;
  }
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
  report.findings = findings_of(facts.trace, facts.diagnostics, facts.refused);
  if (facts.smallest_level > 0) report.level_needs = findings_of(facts.trace, facts.obstacles_below);
  if (facts.diagnostics.empty()) report.nnapi_operations = facts.graph.operations.size();

  const Unsupported unsupported = unsupported_in(facts);
  report.operators.whole = facts.trace.nodes.size() + unsupported.elsewhere;
  for (uint32_t i = 0; i < facts.trace.nodes.size(); ++i) {
    const uint64_t cost = multiply_adds(facts.trace, facts.trace.nodes[i]);
    report.multiply_adds.whole += cost;
    if (unsupported.nodes[i]) continue;
    ++report.operators.part;
    report.multiply_adds.part += cost;
  }
  report.picture = picture_of(facts.trace, unsupported.nodes);
  return report;
}

}  // namespace passerelle::report
