// What convert and check have in common: the options, and what they say of a model.
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
  bool output_quantized = false;
  bool keep_float_islands = false;
  std::vector<std::string> output_layouts;
};

/// All but the model itself.
void add_convert_options(CLI::App& app, ConvertOptions& options);

/// A loaded model, and how it is to be converted.
struct Prepared {
  torchscript::Model model;
  converter::Options conversion;
};
Expected<Prepared> prepare(const ConvertOptions& options);

}  // namespace passerelle::cli
