// passerelle check: convert, but for the file.

#include <memory>

#include "convert_options.h"
#include "passerelle/report/words.h"

namespace passerelle::cli {
namespace {

Expected<Outcome> execute(const ConvertOptions& options) {
  Expected<Conversion> conversion = convert_model(options);
  if (!conversion) return conversion.error();
  Outcome outcome;
  outcome.json = diagnostics_report_json(options, *conversion);
  if (!conversion->converted.diagnostics.empty()) {
    outcome.status = static_cast<int>(ErrorKind::unsupported);
    outcome.text = diagnostics_report(options, *conversion);
    return outcome;
  }
  outcome.text = options.model + " converts for " + std::string(nnapi::feature_level_name(conversion->feature_level)) +
                 ": " + report::count(conversion->converted.operator_count, "operator") + ", " +
                 report::count(conversion->converted.graph.operations.size(), "NNAPI operation") + ".\n";
  return outcome;
}

Action add(CLI::App& app, const Common&) {
  auto options = std::make_shared<ConvertOptions>();
  add_convert_options(app, *options);
  return [options] { return execute(*options); };
}

}  // namespace

Command check_command() {
  return {"check",
          "Say what keeps a model from being converted",
          "MODEL.pt [--input SPEC]... [OPTION]...",
          "Does all that convert does, but writes no model. Lists every operator that can't be converted, with "
          "its place in the Python source, the reason, and what to do. Ends with 4 where there is one.",
          "  passerelle check model.pt --input 1x3x224x224\n"
          "      for Android 10 (API 29)\n"
          "  passerelle check model.pt --input 1x3x224x224 --min-api 27 --format json\n"
          "      for Android 8.1, for a script",
          {"text", "json"},
          add};
}

}  // namespace passerelle::cli
