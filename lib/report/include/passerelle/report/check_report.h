// What keeps a model from being converted, and what to do about it: the data, and the forms in which it is told.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/report/findings.h"
#include "passerelle/report/picture.h"
#include "passerelle/support/expected.h"
#include "passerelle/trace/trace.h"

namespace passerelle::report {

/// A part of a whole.
struct Share {
  uint64_t part = 0, whole = 0;
};

/// Something that --fail-on asked to watch.
struct Guard {
  std::string condition;  ///< "transpose", "fp32-island", "min-api>29"
  std::string found;      ///< "2 TRANSPOSE operations"
  bool failed = false;
};

struct CheckReport {
  std::string model;
  std::string written_by;  ///< "PyTorch 2.1 or later"
  std::string libtorch;    ///< the version that read it
  nnapi::FeatureLevel target = 0;
  nnapi::FeatureLevel smallest_level = 0;  ///< at which the model converts; 0 for none
  Share operators;                         ///< that convert, of those whose results depend on the input's data
  Share multiply_adds;                     ///< the same, weighed
  bool complete = true;         ///< false: tracing could not go on to the outputs, and what is behind was not seen
  size_t nnapi_operations = 0;  ///< of the finished module; 0 where there is none
  std::vector<Finding> findings;
  std::vector<Finding> level_needs;  ///< what keeps it from a lower level than `smallest_level`
  std::vector<Guard> guards;
  Picture picture;  ///< of the model's operators

  bool converts() const { return findings.empty(); }
  size_t obstacles() const;  ///< occurrences
  size_t accepted() const;   ///< of them
  /// Whether nothing is left that was not accepted, and no guard failed.
  bool passed() const;
};

/// What a conversion has found out.
struct CheckFacts {
  const trace::Trace& trace;
  const graph::Module& module;
  const std::vector<graph::Diagnostic>& diagnostics;
  nnapi::FeatureLevel target, smallest_level;
  const std::vector<graph::Diagnostic>& obstacles_below;
};
CheckReport check_report(const std::string& model, const CheckFacts& facts);

/// Accepts every obstacle of this operator ("aten::median"). Returns how many there are.
size_t allow(CheckReport& report, const std::string& op);

/// Accepts what is in an earlier report (the document of check_json, or of summary_json for its model) too, as many
/// times as it was there: by operator, reason, module and file; lines move. Errors: `unreadable` for something else
/// than such a document.
Expected<void> accept_baseline(CheckReport& report, const nlohmann::ordered_json& baseline, const std::string& name);

/// Adds a guard for a condition: "transpose", "fp32-island", "min-api>N", "feature-level>N". `module` is the
/// finished one. Errors: `usage`.
Expected<void> add_guard(CheckReport& report, const std::string& condition, const graph::Module& module);

std::string check_text(const CheckReport& report);
nlohmann::ordered_json check_json(const CheckReport& report);
/// SARIF 2.1.0. Paths below `source_root` are given relative to it; `version` is ours.
nlohmann::ordered_json check_sarif(const CheckReport& report, const std::string& source_root,
                                   const std::string& version);
std::string check_html(const CheckReport& report);

}  // namespace passerelle::report
