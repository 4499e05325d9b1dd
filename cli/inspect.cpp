// passerelle inspect: what is in a .pt or a .nnapi file.

#include <spdlog/spdlog.h>

#include <fstream>
#include <memory>

#include "command.h"
#include "input_spec.h"
#include "passerelle/blob/file.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/findings.h"
#include "passerelle/report/picture.h"
#include "passerelle/report/table.h"
#include "passerelle/report/trace_report.h"
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
  Outcome outcome;
  outcome.json = report::file_json(options.file, file->view());
  outcome.text = common.format == "dot" ? report::dot(options.file, report::picture_of(file->view()))
                                        : report::file_text(options.file, file->view(), options.full);
  return outcome;
}

Expected<Outcome> inspect_model(const Options& options, const Common& common) {
  Expected<std::vector<torchscript::InputSpec>> specs = parse_input_specs(options.inputs);
  if (!specs) return specs.error();
  Expected<Model> model = Model::load(options.file);
  if (!model) return model.error();

  Outcome outcome;
  outcome.json = {{"file", options.file}, {"kind", "torchscript"}};
  outcome.json["parameters"] = nlohmann::ordered_json::array();
  report::Table table({{"parameter"}, {"type", report::Column::left, true}});
  for (const torchscript::ParameterInfo& parameter : model->parameters()) {
    table.add({parameter.name, parameter.type});
    outcome.json["parameters"].push_back({{"name", parameter.name}, {"type", parameter.type}});
  }
  outcome.text = options.file + ": a TorchScript model\n\n" + table.text() + "\n";

  Expected<torchscript::Trace> trace = model->trace(*specs);
  if (!trace && specs->empty() && common.format != "dot") {
    spdlog::debug("not traced: {}", trace.error().message);
    outcome.text += "Its operators and shapes show with an --input for each parameter.\n";
    outcome.json["operations"] = nlohmann::ordered_json::array();
    outcome.json["traced"] = false;
    return outcome;
  }
  if (!trace) return trace.error();
  outcome.json["traced"] = true;
  outcome.json.update(report::trace_json(*trace));
  if (common.format == "dot") {
    outcome.text = report::dot(options.file, report::picture_of(*trace));
    return outcome;
  }
  outcome.text += report::trace_text(*trace, options.full);
  if (!trace->diagnostics.empty())
    outcome.text +=
        "\nWhat can't be traced:\n\n" + report::findings_text(report::findings_of(*trace, trace->diagnostics));
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
  return {"inspect",
          "Show what is in a .nnapi file or a TorchScript model",
          "FILE.nnapi | FILE.pt [OPTION]...",
          "Shows inputs and outputs, operations, operands, constants and the Android version that a file needs.",
          "  passerelle inspect model.nnapi\n"
          "      a summary; --full for every operation with its place in the Python source\n"
          "  passerelle inspect model.nnapi --format dot | dot -Tsvg > model.svg\n"
          "      a picture of the graph\n"
          "  passerelle inspect model.pt --input 1x3x224x224\n"
          "      the operators of a TorchScript model",
          {"text", "json", "dot"},
          add};
}

}  // namespace passerelle::cli
