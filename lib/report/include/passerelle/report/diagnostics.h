// What keeps a model from being converted, all of it at once.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "passerelle/graph/diagnostic.h"

namespace passerelle::report {

/// Diagnostics that differ in nothing but their place.
struct DiagnosticGroup {
  graph::Diagnostic diagnostic;       ///< of the first
  std::vector<graph::Origin> places;  ///< one an occurrence, in the order of the model
};
std::vector<DiagnosticGroup> grouped(const std::vector<graph::Diagnostic>& diagnostics);

/// For each kind of problem: the operator, how many times, why, from which level it would work, what to do, and where.
std::string diagnostics_text(const std::vector<graph::Diagnostic>& diagnostics);
/// A list of objects: operator, reason, message, suggestion, feature_level, places.
nlohmann::ordered_json diagnostics_json(const std::vector<graph::Diagnostic>& diagnostics);

/// "features.3.conv (model.py:42)"
std::string place_text(const graph::Origin& origin);
nlohmann::ordered_json place_json(const graph::Origin& origin);

}  // namespace passerelle::report
