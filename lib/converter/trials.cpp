#include "trials.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "passerelle/passes/border.h"

namespace passerelle::converter {
namespace {

using graph::Diagnostic;
using nnapi::FeatureLevel;

using Operator = std::pair<std::optional<graph::NodeId>, std::string>;

Operator operator_of(const Diagnostic& diagnostic) { return {diagnostic.origin.node, diagnostic.op}; }

/// Several operations of one operator may be refused. It is told once: by what is never legal, or else by what needs
/// most.
std::vector<Diagnostic> one_an_operator(std::vector<Diagnostic> refused) {
  const auto rank = [](const Diagnostic& each) {
    return each.feature_level == 0 ? nnapi::highest_feature_level + 1 : each.feature_level;
  };
  std::vector<Diagnostic> result;
  std::map<Operator, size_t> places;
  for (Diagnostic& refusal : refused) {
    const auto [known, is_new] = places.emplace(operator_of(refusal), result.size());
    if (is_new)
      result.push_back(std::move(refusal));
    else if (rank(refusal) > rank(result[known->second]))
      result[known->second] = std::move(refusal);
  }
  return result;
}

std::string option_of(FeatureLevel level) {
  return level <= 5 ? "convert with --min-api " + std::to_string(26 + level)
                    : "convert with --feature-level " + std::to_string(level);
}

}  // namespace

Trials::Trials(Converted lowered, passes::Target target) : lowered_(std::move(lowered)), target_(target) {}

graph::Module Trials::finish(FeatureLevel level) {
  graph::Module module = lowered_.module;
  passes::Target target = target_;
  target.feature_level = level;
  refused_[level] = one_an_operator(passes::run(module, target));
  return module;
}

const Trials::Refusals& Trials::refused_at(FeatureLevel level) {
  if (refused_.count(level) == 0) finish(level);
  return refused_[level];
}

/// The refusals with the level from which each is gone; where it never is, as the highest level puts it.
Trials::Refusals Trials::with_levels(FeatureLevel level) {
  Refusals result = refused_at(level);
  std::map<Operator, Diagnostic*> remaining;
  for (Diagnostic& refusal : result) remaining.emplace(operator_of(refusal), &refusal);
  while (level < nnapi::highest_feature_level && !remaining.empty()) {
    std::map<Operator, Diagnostic*> still;
    for (const Diagnostic& above : refused_at(++level)) {
      const auto known = remaining.find(operator_of(above));
      if (known == remaining.end()) continue;
      *known->second = above;
      still.insert(remaining.extract(known));
    }
    for (const auto& [operation, gone] : remaining) {
      gone->reason = graph::Reason::needs_feature_level;
      gone->feature_level = level;
    }
    remaining = std::move(still);
  }
  for (const auto& [operation, refusal] : remaining) refusal->feature_level = 0;
  return result;
}

Trials::Refusals Trials::told(FeatureLevel level) {
  Refusals result = with_levels(level);
  FeatureLevel enough = 0;
  for (const Diagnostic& refusal : result) enough = std::max(enough, refusal.feature_level);
  // The same option for all: with a lower one the next obstacle would ask for more.
  for (Diagnostic& refusal : result)
    if (refusal.feature_level > 0) refusal.suggestion = option_of(enough);
  passes::suggest_quantized_inputs(passes::leading_quantizes(lowered_.module), result);
  return result;
}

Converted Trials::converted() {
  Converted result;
  result.module = finish(target_.feature_level);
  result.target = target_.feature_level;
  result.diagnostics = lowered_.diagnostics;
  for (Diagnostic& refusal : told(target_.feature_level)) result.diagnostics.push_back(std::move(refusal));
  return result;
}

FeatureLevel Trials::smallest_level() {
  if (!lowered_.diagnostics.empty()) return 0;  // no level has what has no lowering
  FeatureLevel level = target_.feature_level;
  while (!refused_at(level).empty())
    if (++level > nnapi::highest_feature_level) return 0;
  while (level > nnapi::lowest_feature_level && refused_at(level - 1).empty()) --level;
  return level;
}

std::vector<Diagnostic> Trials::obstacles_below() {
  const FeatureLevel smallest = smallest_level();
  if (smallest > nnapi::lowest_feature_level) return told(smallest - 1);
  Refusals result = lowered_.diagnostics;
  if (smallest == 0)
    for (Diagnostic& refusal : told(nnapi::highest_feature_level)) result.push_back(std::move(refusal));
  return result;
}

}  // namespace passerelle::converter
