// What convert and check have in common: from a model and its options to a converted graph.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "passerelle/converter/convert.h"
#include "target_options.h"

namespace passerelle::cli {

struct ConvertOptions {
  std::string model;
  std::vector<std::string> inputs;
  TargetOptions target;
  bool relax_fp16 = false;
  std::vector<std::string> output_layouts;
};

void add_convert_options(CLI::App& app, ConvertOptions& options);

struct Conversion {
  converter::Converted converted;
  nnapi::FeatureLevel feature_level;
};
Expected<Conversion> convert_model(const ConvertOptions& options);

/// "2 of 9 operators can't be converted for API 29" and all of the diagnostics.
std::string diagnostics_report(const ConvertOptions& options, const Conversion& conversion);
nlohmann::ordered_json diagnostics_report_json(const ConvertOptions& options, const Conversion& conversion);

}  // namespace passerelle::cli
