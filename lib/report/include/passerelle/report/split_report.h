// How a model was cut between NNAPI and LibTorch: the data, and the forms in which it is told.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "passerelle/partition/cut.h"
#include "passerelle/report/findings.h"

namespace passerelle::report {

struct SplitPartReport {
  size_t operators = 0, operations = 0;  ///< of the model; of NNAPI
  uint64_t multiply_adds = 0;
  uint64_t bytes_in = 0, bytes_out = 0;  ///< over its border, in PyTorch's types
  graph::Origin first, last;             ///< its first and its last operator
};

struct SplitReport {
  std::vector<SplitPartReport> parts;
  size_t operators = 0;   ///< of the model
  size_t kept = 0;        ///< of them with LibTorch
  size_t given_back = 0;  ///< of those, ones that NNAPI could compute: not worth a border
  uint64_t multiply_adds = 0, kept_multiply_adds = 0;
  double nanoseconds = 0, all_cpu = 0;  ///< by the costs, not measured
  std::vector<Finding> blockers;

  /// Of the multiply-adds (of the operators, where nothing multiplies), 0 to 100.
  double cpu_share() const;
};

/// What a cut consists of. `operations`: how many NNAPI has for each of its parts; `refused`: by operator, whether
/// NNAPI can't have it.
struct SplitFacts {
  const trace::Trace& trace;
  const partition::Cut& cut;
  const std::vector<size_t>& operations;
  const std::vector<graph::Diagnostic>& blockers;
  const std::vector<bool>& refused;
};
SplitReport split_report(const SplitFacts& facts);

std::string split_text(const SplitReport& report);
/// docs/json.md describes the keys.
nlohmann::ordered_json split_json(const SplitReport& report);

}  // namespace passerelle::report
