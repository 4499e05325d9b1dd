// passerelle inspect: what is in a .pt or a .nnapi file.

#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "command.h"
#include "input_spec.h"
#include "passerelle/blob/file.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/model_report.h"
#include "passerelle/report/picture.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::cli {
namespace {

using torchscript::Model;

struct Options {
  std::string file;
  std::vector<std::string> inputs;
  bool full = false;
};

/// A TorchScript archive is a zip file, and zip files begin so.
bool is_archive(const std::string& path) {
  char start[2] = {};
  if (std::error_code error; !std::filesystem::is_regular_file(path, error)) return false;
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  return start[0] == 'P' && start[1] == 'K';
}
bool is_named_as_model(const std::string& path) {
  for (const char* ending : {".pt", ".pth", ".ptl", ".pt1"})
    if (std::string end = ending;
        path.size() > end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0)
      return true;
  return false;
}

Expected<Outcome> inspect_file(const Options& options, const Common& common) {
  if (!options.inputs.empty())
    return Error{ErrorKind::usage, "--input is for a TorchScript model; " + options.file + " has its shapes fixed"};
  Expected<blob::File> file = blob::File::open(options.file);
  if (!file) return file.error();
  if (Expected<void> sound = file->verify_weights(); !sound) return sound.error();
  const report::FileReport report = report::file_report(options.file, file->view());
  Outcome outcome;
  if (common.format == "json") outcome.json = report::file_json(report);
  if (common.format == "text") outcome.text = report::file_text(report, options.full);
  if (common.format == "html") outcome.text = report::file_html(report);
  if (common.format == "dot") outcome.text = report::dot(options.file, report.picture);
  return outcome;
}

Expected<report::ModelReport> report_of(const Options& options, const Common& common) {
  Expected<std::vector<torchscript::InputSpec>> specs = parse_input_specs(options.inputs);
  if (!specs) return specs.error();
  Expected<Model> model = Model::load(options.file);
  if (!model) return model.error();
  std::vector<report::ModelParameter> parameters;
  for (const torchscript::ParameterInfo& parameter : model->parameters())
    parameters.push_back({parameter.name, parameter.type});
  report::ModelReport report = report::model_report(options.file, std::move(parameters));
  report.written_by = model->written_by();
  report.libtorch = Model::libtorch_version();
  Expected<trace::Trace> trace = model->trace(*specs);
  if (trace)
    report::add_trace(report, *trace);
  else if (!specs->empty() || common.format == "dot")
    return trace.error();
  else
    spdlog::debug("not traced: {}", trace.error().message);
  return Expected<report::ModelReport>(std::move(report));
}

Expected<Outcome> inspect_model(const Options& options, const Common& common) {
  Expected<report::ModelReport> report = report_of(options, common);
  if (!report) return report.error();
  Outcome outcome;
  if (common.format == "json") outcome.json = report::model_json(*report);
  if (common.format == "text") outcome.text = report::model_text(*report, options.full);
  if (common.format == "html") outcome.text = report::model_html(*report);
  if (common.format == "dot") outcome.text = report::dot(options.file, report->picture);
  return outcome;
}

Action add(CLI::App& app, const Common& common) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "A .nnapi file, or a TorchScript model")->required();
  app.add_option("--input", options->inputs, "TorchScript: an input, as for convert, to see operators and shapes")
      ->type_name("SPEC")
      ->allow_extra_args(false);
  app.add_flag("--full", options->full, "Each operation, operand and constant (json has them always)");
  return [options, &common]() -> Expected<Outcome> {
    return is_archive(options->file) || is_named_as_model(options->file) ? inspect_model(*options, common)
                                                                         : inspect_file(*options, common);
  };
}

}  // namespace

Command inspect_command() {
  return {
      "inspect",
      "Show what is in a .nnapi file or a TorchScript model",
      "FILE.nnapi | FILE.pt [OPTION]...",
      "Shows inputs and outputs, operations, constants and the Android version that a file needs and what needs it; "
      "where work, bytes and memory go; and the transposes and conversions that are left, with the reason.",
      "  passerelle inspect model.nnapi\n"
      "      a summary; --full for every operation with its place in the Python source\n"
      "  passerelle inspect model.nnapi --format html > model.html\n"
      "      a page with tables and the graph, for a browser\n"
      "  passerelle inspect model.nnapi --format dot | dot -Tsvg > model.svg\n"
      "      a picture of the graph\n"
      "  passerelle inspect model.pt --input 1x3x224x224\n"
      "      the operators of a TorchScript model",
      {"text", "json", "html", "dot"},
      add};
}

}  // namespace passerelle::cli
