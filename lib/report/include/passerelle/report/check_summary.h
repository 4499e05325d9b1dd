// Several models checked at once: one summary of them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/report/check_report.h"

namespace passerelle::report {

struct CheckedModel {
  std::string model;
  std::optional<CheckReport> report;  ///< none where the model could not be checked
  std::string error_kind, error;      ///< then why: the kind as in docs/json.md, and a sentence
  int status = 0;                     ///< what checking it alone would have ended with
};

/// The reports of those that did not pass, and a table of all.
std::string summary_text(const std::vector<CheckedModel>& models);
/// `status` is that of all together.
nlohmann::ordered_json summary_json(const std::vector<CheckedModel>& models, int status);
/// A run a model, each with an id of its own.
nlohmann::ordered_json summary_sarif(const std::vector<CheckedModel>& models, const std::string& source_root,
                                     const std::string& version);

/// The document of one model, in the same forms, for one that could not be checked too.
nlohmann::ordered_json model_json(const CheckedModel& model);
nlohmann::ordered_json model_sarif(const std::vector<CheckedModel>& models, size_t which,
                                   const std::string& source_root, const std::string& version);

/// Names for files that tell of the models: a model's own where no two are equal, else with its folders in it, and
/// numbered where even that is not enough.
std::vector<std::string> file_names(const std::vector<CheckedModel>& models);

}  // namespace passerelle::report
