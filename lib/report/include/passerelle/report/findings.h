// What keeps a model from being converted, all of it at once.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/element_type.h"
#include "passerelle/trace/trace.h"

namespace passerelle::report {

/// "float32 1x3x224x224"
struct TensorFact {
  graph::ElementType type = graph::ElementType::float32;
  std::vector<int64_t> shape;
};
std::string to_string(const TensorFact& tensor);
/// "float32 1x8, float32 8"; of many the first
std::string to_string(const std::vector<TensorFact>& tensors);

/// One time that the model runs into an obstacle.
struct Occurrence {
  graph::Origin origin;
  std::vector<TensorFact> inputs, outputs;  ///< of the operator; empty where none are known
  std::string accepted_by;                  ///< "--allow", "--baseline", or empty: not accepted
};

/// Obstacles that differ in nothing but their place.
struct Finding {
  graph::Diagnostic diagnostic;    ///< of the first
  std::vector<Occurrence> places;  ///< in the order of the model
  size_t accepted() const;         ///< how many of them
};

std::vector<Finding> findings_of(const trace::Trace& trace, const std::vector<graph::Diagnostic>& diagnostics);

/// How many operators a report counts: the trace's nodes, and the obstacles that are in none of them (an `if` on data,
/// an operator that could not be run).
size_t operator_count(const trace::Trace& trace, const std::vector<graph::Diagnostic>& diagnostics);

/// For each finding the operator, how many times, why, from which level it would work, what to do, with which tensors,
/// and where.
std::string findings_text(const std::vector<Finding>& findings);
/// A list of objects; docs/json.md describes the keys.
nlohmann::ordered_json findings_json(const std::vector<Finding>& findings);

/// "features.3.conv (model.py:42)"
std::string place_text(const graph::Origin& origin);
/// The same without the file's folders, for tables.
std::string short_place_text(const graph::Origin& origin);
/// "model.py:42", "model.py", or "" where nothing is known.
std::string location_text(const graph::Origin& origin);
nlohmann::ordered_json place_json(const graph::Origin& origin);

}  // namespace passerelle::report
