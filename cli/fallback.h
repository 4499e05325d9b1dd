// --fallback cpu: what NNAPI can't have stays with LibTorch, in a TorchScript module.
#pragma once

#include "convert_options.h"
#include "passerelle/converter/split.h"
#include "passerelle/report/split_report.h"

namespace passerelle::cli {

struct FallbackOptions {
  std::string fallback;  ///< "cpu", or empty
  std::vector<std::string> costs;
  bool allow_all_cpu = false;
};

/// --fallback, --partition-cost
void add_fallback_options(CLI::App& app, FallbackOptions& options);
/// Errors: `usage` for options without effect or that a TorchScript module has no use for.
Expected<void> check_fallback(const ConvertOptions& conversion, const FallbackOptions& options);

/// A model that was cut, if it can be.
struct Cut {
  torchscript::Program program;
  converter::Split split;
};
Expected<Cut> cut(const Prepared& prepared, const FallbackOptions& options);
report::SplitReport split_report(const Cut& cut);

/// convert's work: writes `output`, of a name that ends in .ptl for the lite interpreter.
Expected<Outcome> convert_with_fallback(const ConvertOptions& conversion, const FallbackOptions& options,
                                        const std::string& output);

}  // namespace passerelle::cli
