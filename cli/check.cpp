// passerelle check: convert, but for the file; and what is in the way, in every form, of one model or of many.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "convert_options.h"
#include "model_list.h"
#include "nearest.h"
#include "parse_error.h"
#include "passerelle/report/check_report.h"
#include "passerelle/report/check_summary.h"
#include "passerelle/report/operators_report.h"
#include "passerelle/report/words.h"
#include "passerelle/support/atomic_file.h"
#include "passerelle/torchscript/known_operators.h"

namespace passerelle::cli {
namespace {

using nlohmann::ordered_json;

/// Of one model. A list may give each model its own.
struct Options : ConvertOptions {
  std::vector<std::string> allowed;
  std::string baseline;
  std::vector<std::string> fail_on;
};

struct Command : Options {
  std::vector<std::string> models;
  std::string list;
  std::string reports;
  std::string source_root = ".";
};

// --- What is accepted, and what is watched.

Expected<ordered_json> read_baseline(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorKind::unreadable, "cannot read the baseline " + path};
  ordered_json json = ordered_json::parse(text.str(), nullptr, false);
  if (json.is_discarded()) return Error{ErrorKind::unreadable, path + " is not JSON; make it with check --format json"};
  return Expected<ordered_json>(std::move(json));
}

std::vector<std::string> separated(const std::vector<std::string>& lists) {
  std::vector<std::string> result;
  for (const std::string& list : lists) {
    std::stringstream stream(list);
    for (std::string item; std::getline(stream, item, ',');) result.push_back(item);
  }
  return result;
}

/// An operator that does not exist would be accepted in vain, and its obstacle be told as new. Operators of libraries
/// that are not here can't be known.
Expected<void> check_operator(const std::string& op, const report::CheckReport& report) {
  std::vector<std::string> known;
  for (const report::Finding& finding : report.findings) known.push_back(finding.diagnostic.op);
  for (const report::OperatorRow& row : report::operators_report()) known.push_back(row.op);
  const size_t colons = op.find("::");
  const std::string space = op.substr(0, std::min(colons, op.size()));
  const bool is_ours = space == "aten" || space == "prim" || space == "quantized";
  const bool is_name = colons != op.npos && colons > 0 && colons + 2 < op.size();
  const bool is_known = std::find(known.begin(), known.end(), op) != known.end();
  if (is_known || (is_name && (!is_ours || torchscript::has_operator(op)))) return {};
  return Error{ErrorKind::usage, "--allow " + op + ": there is no such operator" +
                                     (is_name ? std::string() : "; names are as in aten::mode") +
                                     did_you_mean(is_name || op.empty() ? op : "aten::" + op, known)};
}

/// "{}" stands for the model's path, and then there need be no such file.
Expected<void> apply_baseline(const Options& options, report::CheckReport& report) {
  std::string path = options.baseline;
  const size_t at = path.find("{}");
  if (at != path.npos) path.replace(at, 2, options.model);
  std::error_code error;
  if (path.empty() || (at != path.npos && !std::filesystem::exists(path, error))) return {};
  Expected<ordered_json> baseline = read_baseline(path);
  return baseline ? report::accept_baseline(report, *baseline, path) : baseline.error();
}

Expected<void> apply_acceptance(const Options& options, const graph::Module& module, report::CheckReport& report) {
  for (const std::string& op : separated(options.allowed)) {
    if (Expected<void> exists = check_operator(op, report); !exists) return exists.error();
    report::allow(report, op);
  }
  if (Expected<void> accepted = apply_baseline(options, report); !accepted) return accepted.error();
  for (const std::string& condition : separated(options.fail_on))
    if (Expected<void> added = report::add_guard(report, condition, module); !added) return added.error();
  return {};
}

// --- One model.

Expected<report::CheckReport> check(const Options& options) {
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
  return Expected<report::CheckReport>(std::move(report));
}

int status_of(const report::CheckReport& report) {
  return report.passed() ? 0 : static_cast<int>(ErrorKind::unsupported);
}

std::string absolute_root(const Command& command) {
  std::error_code error;
  return std::filesystem::absolute(command.source_root, error).lexically_normal().string();
}

Outcome outcome_of(const report::CheckReport& report, const Command& command, const Common& common) {
  Outcome outcome;
  outcome.status = status_of(report);
  if (common.format == "html") outcome.text = report::check_html(report);
  if (common.format == "dot") outcome.text = report::dot(report.model, report.picture);
  if (common.format == "sarif") outcome.json = report::check_sarif(report, absolute_root(command), PASSERELLE_VERSION);
  if (common.format == "json") outcome.json = report::check_json(report);
  if (common.format == "text") outcome.text = report::check_text(report);
  return outcome;
}

// --- Many models.

void add_options(CLI::App& app, Options& options) {
  add_convert_options(app, options);
  app.add_option("--allow", options.allowed, "An operator that is known not to convert: it does not make check fail")
      ->type_name("OP")
      ->allow_extra_args(false);
  app.add_option("--baseline", options.baseline,
                 "An earlier report (--format json): what is in it does not make check fail, what is new does. {} in "
                 "it stands for the model: {}.known.json beside each, where there is one")
      ->type_name("FILE");
  app.add_option("--fail-on", options.fail_on,
                 "Fails too where a TRANSPOSE is left (transpose), where floats are computed between quantized "
                 "operations (fp32-island), or where a higher level is needed (min-api>29, feature-level>3); several "
                 "with commas")
      ->type_name("WHAT")
      ->allow_extra_args(false);
}

/// What a line of a list does not say is as the command line says it; what may be there several times adds up.
void take_from_command_line(const Options& common, Options& own) {
  if (own.inputs.empty()) own.inputs = common.inputs;
  if (!own.target.min_api && !own.target.feature_level) own.target = common.target;
  if (own.output_layouts.empty()) own.output_layouts = common.output_layouts;
  if (own.baseline.empty()) own.baseline = common.baseline;
  own.relax_fp16 |= common.relax_fp16;
  own.output_quantized |= common.output_quantized;
  own.keep_float_islands |= common.keep_float_islands;
  own.allowed.insert(own.allowed.end(), common.allowed.begin(), common.allowed.end());
  own.fail_on.insert(own.fail_on.end(), common.fail_on.begin(), common.fail_on.end());
}

Expected<Options> parse_line(const ListedModel& line, const Command& command) {
  Options own;
  CLI::App app("", "");
  app.set_help_flag();
  app.add_option("MODEL.pt", own.model)->required();
  add_options(app, own);
  try {
    app.parse(std::vector<std::string>(line.words.rbegin(), line.words.rend()));
  } catch (const CLI::ParseError& error) {
    return Error{ErrorKind::usage,
                 command.list + ":" + std::to_string(line.line) + ": " + explain_arguments(app, error)};
  }
  take_from_command_line(command, own);
  return Expected<Options>(std::move(own));
}

Expected<std::vector<Options>> models_of(const Command& command) {
  std::vector<Options> all;
  for (const std::string& model : command.models) {
    all.push_back(command);
    all.back().model = model;
  }
  if (command.list.empty()) return all;
  Expected<std::vector<ListedModel>> lines = read_model_list(command.list);
  if (!lines) return lines.error();
  for (const ListedModel& line : *lines) {
    Expected<Options> options = parse_line(line, command);
    if (!options) return options.error();
    all.push_back(*std::move(options));
  }
  return all;
}

report::CheckedModel checked(const std::string& model, Expected<report::CheckReport> report) {
  report::CheckedModel result{model, std::nullopt, "", "", 0};
  if (report) {
    result.status = status_of(*report);
    result.report = *std::move(report);
  } else {
    result.status = static_cast<int>(report.error().kind);
    result.error_kind = kind_name(report.error().kind);
    result.error = report.error().message;
  }
  return result;
}

/// The statuses that there may be, from what is best to what is worst.
int worst(const std::vector<report::CheckedModel>& models) {
  constexpr int order[] = {0, 4, 2, 3, 7, 1};
  const auto rank = [&](int status) { return std::find(std::begin(order), std::end(order), status); };
  int result = 0;
  for (const report::CheckedModel& model : models)
    if (rank(model.status) > rank(result)) result = model.status;
  return result;
}

Expected<void> write_reports(const Command& command, const std::vector<report::CheckedModel>& models) {
  std::error_code error;
  std::filesystem::create_directories(command.reports, error);
  if (error) return Error{ErrorKind::unwritable, "cannot make the folder " + command.reports + ": " + error.message()};
  const std::vector<std::string> names = report::file_names(models);
  const auto write = [&](size_t which, const char* ending, const std::string& text) -> Expected<void> {
    Expected<AtomicFile> file = AtomicFile::create(command.reports + "/" + names[which] + ending);
    if (!file) return file.error();
    if (Expected<void> written = file->write(text.data(), text.size()); !written) return written;
    return file->commit();
  };
  const auto dumped = [](const ordered_json& json) {
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  };
  for (size_t i = 0; i < models.size(); ++i) {
    const ordered_json sarif = report::model_sarif(models, i, absolute_root(command), PASSERELLE_VERSION);
    Expected<void> written = write(i, ".json", dumped(report::model_json(models[i])));
    if (written) written = write(i, ".sarif", dumped(sarif));
    if (written && models[i].report) written = write(i, ".html", report::check_html(*models[i].report));
    if (!written) return written;
  }
  return {};
}

Outcome summary(const std::vector<report::CheckedModel>& models, const Command& command, const Common& common) {
  Outcome outcome;
  outcome.status = worst(models);
  if (common.format == "json") outcome.json = report::summary_json(models, outcome.status);
  if (common.format == "sarif")
    outcome.json = report::summary_sarif(models, absolute_root(command), PASSERELLE_VERSION);
  if (common.format == "text") outcome.text = report::summary_text(models);
  return outcome;
}

Expected<Outcome> execute(const Command& command, const Common& common) {
  std::error_code error;
  if (!std::filesystem::is_directory(command.source_root, error))
    return Error{ErrorKind::usage, "--source-root " + command.source_root + ": there is no such folder"};
  if (command.models.empty() && command.list.empty())
    return Error{ErrorKind::usage, "no model is given: name one or more, or a list of them with --list"};
  Expected<std::vector<Options>> all = models_of(command);
  if (!all) return all.error();
  const bool one = command.list.empty() && all->size() == 1;
  if (!one && (common.format == "html" || common.format == "dot"))
    return Error{ErrorKind::usage,
                 "--format " + common.format + " shows one model; --reports DIR writes a page of each"};
  std::vector<report::CheckedModel> models;
  for (const Options& options : *all) {
    Expected<report::CheckReport> report = check(options);
    if (one && !report && command.reports.empty()) return report.error();
    models.push_back(checked(options.model, std::move(report)));
  }
  if (!command.reports.empty())
    if (Expected<void> written = write_reports(command, models); !written) return written.error();
  return one && models[0].report ? outcome_of(*models[0].report, command, common) : summary(models, command, common);
}

Action add(CLI::App& app, const Common& common) {
  auto command = std::make_shared<Command>();
  app.add_option("MODEL.pt", command->models, "The TorchScript models, from torch.jit.trace or torch.jit.script");
  add_options(app, *command);
  app.add_option("--list", command->list,
                 "A text file with a model a line, and behind it its --input and other options; those on the command "
                 "line are for all")
      ->type_name("FILE");
  app.add_option("--reports", command->reports,
                 "A folder, made if need be, for a page (.html), SARIF (.sarif) and JSON (.json) of each model")
      ->type_name("DIR");
  app.add_option("--source-root", command->source_root,
                 "sarif: the folder that paths are given relative to. Default: the current folder")
      ->type_name("DIR");
  return [command, &common] { return execute(*command, common); };
}

}  // namespace

cli::Command check_command() {
  return {"check",
          "Say what keeps a model from being converted",
          "MODEL.pt... [--list FILE] [--input SPEC]... [OPTION]...",
          "Does all that convert does, but writes no model. Lists every operator that can't be converted, with "
          "its place in the Python source, the reason, and what to do; says which part of the model would convert, "
          "and from which Android version. Ends with 4 where something can't be converted that was not accepted. Of "
          "several models it gives one summary, and ends as the worst of them.",
          "  passerelle check model.pt --input 1x3x224x224\n"
          "      for Android 10 (API 29)\n"
          "  passerelle check model.pt --input 1x3x224x224 --format html > report.html\n"
          "      a page with tables and the graph, for a browser\n"
          "  passerelle check model.pt --input 1x3x224x224 --min-api 27 --format json > known.json\n"
          "  passerelle check model.pt --input 1x3x224x224 --min-api 27 --baseline known.json\n"
          "      for CI: fails on what was not there before\n"
          "  passerelle check --list models.txt --reports reports\n"
          "      many models, each with its options on a line of models.txt",
          {"text", "json", "html", "sarif", "dot"},
          add};
}

}  // namespace passerelle::cli
