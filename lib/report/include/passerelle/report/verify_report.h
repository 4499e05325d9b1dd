// How far a .nnapi file is from its model: the data, and the forms in which it is told.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/comparison.h"
#include "passerelle/verify/layers.h"

namespace passerelle::report {

struct VerifyReport {
  std::string model, file;
  verify::Limits limits;
  std::vector<verify::Port> outputs;
  std::vector<verify::Comparison> comparisons;  ///< one an output
  std::optional<verify::Layers> layers;         ///< where it was asked for

  /// Of the outputs alone: what a layer is off by shows there, or does not matter.
  bool passed() const;
  std::string failed_outputs() const;  ///< "output0, output2, whose arg-max is another"
};

std::string verify_text(const VerifyReport& report);
/// docs/json.md describes the keys.
nlohmann::ordered_json verify_json(const VerifyReport& report);
std::string verify_html(const VerifyReport& report);

}  // namespace passerelle::report
