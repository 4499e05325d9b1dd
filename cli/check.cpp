// passerelle check: convert, but for the file; and what is in the way, in every form.

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "convert_options.h"
#include "passerelle/report/check_report.h"

namespace passerelle::cli {
namespace {

struct Options : ConvertOptions {
  std::vector<std::string> allowed;
  std::string baseline;
  std::vector<std::string> fail_on;
  std::string source_root = ".";
};

Expected<nlohmann::ordered_json> read_baseline(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorKind::unreadable, "cannot read the baseline " + path};
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(text.str(), nullptr, false);
  if (json.is_discarded()) return Error{ErrorKind::unreadable, path + " is not JSON; make it with check --format json"};
  return Expected<nlohmann::ordered_json>(std::move(json));
}

std::vector<std::string> separated(const std::vector<std::string>& lists) {
  std::vector<std::string> result;
  for (const std::string& list : lists) {
    std::stringstream stream(list);
    for (std::string item; std::getline(stream, item, ',');) result.push_back(item);
  }
  return result;
}

Expected<void> apply_acceptance(const Options& options, const graph::Module& module, report::CheckReport& report) {
  for (const std::string& op : separated(options.allowed)) report::allow(report, op);
  if (!options.baseline.empty()) {
    Expected<nlohmann::ordered_json> baseline = read_baseline(options.baseline);
    if (!baseline) return baseline.error();
    if (Expected<void> done = report::accept_baseline(report, *baseline, options.baseline); !done) return done.error();
  }
  for (const std::string& condition : separated(options.fail_on))
    if (Expected<void> added = report::add_guard(report, condition, module); !added) return added.error();
  return {};
}

Expected<Outcome> execute(const Options& options, const Common& common) {
  Expected<Prepared> prepared = prepare(options);
  if (!prepared) return prepared.error();
  Expected<converter::Survey> survey = converter::survey(prepared->model, prepared->conversion);
  if (!survey) return survey.error();
  const converter::Converted& converted = survey->converted;
  report::CheckReport report =
      report::check_report(options.model, {survey->trace, converted.module, converted.diagnostics, converted.target,
                                           survey->smallest_level, survey->obstacles_below});
  report.written_by = prepared->model.written_by();
  report.libtorch = torchscript::Model::libtorch_version();
  if (Expected<void> applied = apply_acceptance(options, converted.module, report); !applied) return applied.error();

  Outcome outcome;
  outcome.status = report.passed() ? 0 : static_cast<int>(ErrorKind::unsupported);
  if (common.format == "html") {
    outcome.text = report::check_html(report);
  } else if (common.format == "dot") {
    outcome.text = report::dot(options.model, report.picture);
  } else if (common.format == "sarif") {
    std::error_code error;
    const std::filesystem::path root = std::filesystem::absolute(options.source_root, error).lexically_normal();
    outcome.json = report::check_sarif(report, root.string(), PASSERELLE_VERSION);
  } else {
    outcome.json = report::check_json(report);
    outcome.text = report::check_text(report);
  }
  return outcome;
}

Action add(CLI::App& app, const Common& common) {
  auto options = std::make_shared<Options>();
  add_convert_options(app, *options);
  app.add_option("--allow", options->allowed, "An operator that is known not to convert: it does not make check fail")
      ->type_name("OP")
      ->allow_extra_args(false);
  app.add_option("--baseline", options->baseline,
                 "An earlier report (--format json): what is in it does not make check fail, what is new does")
      ->type_name("FILE");
  app.add_option("--fail-on", options->fail_on,
                 "Fails too where a TRANSPOSE is left (transpose), where floats are computed between quantized "
                 "operations (fp32-island), or where a higher level is needed (min-api>29, feature-level>3); several "
                 "with commas")
      ->type_name("WHAT")
      ->allow_extra_args(false);
  app.add_option("--source-root", options->source_root,
                 "sarif: the folder that paths are given relative to. Default: the current folder")
      ->type_name("DIR");
  return [options, &common] { return execute(*options, common); };
}

}  // namespace

Command check_command() {
  return {"check",
          "Say what keeps a model from being converted",
          "MODEL.pt [--input SPEC]... [OPTION]...",
          "Does all that convert does, but writes no model. Lists every operator that can't be converted, with "
          "its place in the Python source, the reason, and what to do; says which part of the model would convert, "
          "and from which Android version. Ends with 4 where something can't be converted that was not accepted.",
          "  passerelle check model.pt --input 1x3x224x224\n"
          "      for Android 10 (API 29)\n"
          "  passerelle check model.pt --input 1x3x224x224 --format html > report.html\n"
          "      a page with tables and the graph, for a browser\n"
          "  passerelle check model.pt --input 1x3x224x224 --min-api 27 --format json > known.json\n"
          "  passerelle check model.pt --input 1x3x224x224 --min-api 27 --baseline known.json\n"
          "      for CI: fails on what was not there before",
          {"text", "json", "html", "sarif", "dot"},
          add};
}

}  // namespace passerelle::cli
