// passerelle run: a .nnapi file on inputs from files.

#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "command.h"
#include "input_spec.h"
#include "nnapi_library.h"
#include "passerelle/graph/converted.h"
#include "passerelle/graph/npy_files.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"
#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/border.h"

namespace passerelle::cli {
namespace {

using graph::HostTensor;

struct Options {
  std::string file;
  std::vector<std::string> inputs;
  std::string output_dir;
  std::string nnapi;
};

std::string names(const std::vector<verify::Port>& ports) {
  std::string result;
  for (const verify::Port& port : ports) result += (result.empty() ? "" : ", ") + port.name;
  return result;
}

/// The files' tensors in the order of the model's inputs.
Expected<std::vector<HostTensor>> read_inputs(const Options& options, const std::vector<verify::Port>& ports) {
  Expected<std::vector<torchscript::InputSpec>> specs = parse_input_specs(options.inputs);
  if (!specs) return specs.error();
  const auto place_of = [&](const std::string& name) {
    size_t place = 0;
    while (place < ports.size() && ports[place].name != name) ++place;
    return place;
  };
  // A misspelt name is told before the number of inputs, which may be due to it.
  for (size_t i = 0; i < specs->size(); ++i)
    if (const std::string& name = (*specs)[i].name; !name.empty() && place_of(name) == ports.size())
      return Error{ErrorKind::usage,
                   "--input " + options.inputs[i] + ": no input has this name; the inputs are " + names(ports)};
  if (specs->size() != ports.size())
    return Error{ErrorKind::usage, options.file + " takes " + report::count(ports.size(), "input") + " (" +
                                       names(ports) + "), and " + std::to_string(specs->size()) +
                                       (specs->size() == 1 ? " was" : " were") +
                                       " given; give --input FILE.npy for each"};
  std::vector<std::optional<HostTensor>> placed(ports.size());
  for (size_t i = 0; i < specs->size(); ++i) {
    torchscript::InputSpec& spec = (*specs)[i];
    auto error = [&](const std::string& why) {
      return Error{ErrorKind::usage, "--input " + options.inputs[i] + ": " + why};
    };
    if (!spec.values || spec.type || spec.channels_last)
      return error("run takes FILE.npy or NAME=FILE.npy; dtype and layout are in " + options.file);
    const size_t place = spec.name.empty() ? i : place_of(spec.name);
    const verify::Port& port = ports[place];
    if (placed[place]) return error("input " + port.name + " was given before");
    if (spec.values->shape != port.shape)
      return error("input " + port.name + " has the shape " + graph::to_string(port.shape) + ", and this is " +
                   graph::to_string(spec.values->shape));
    if (port.type == graph::ElementType::bfloat16 && spec.values->type == graph::ElementType::float32)
      spec.values = graph::converted(*spec.values, port.type);
    if (verify::integers_of(spec.values->type) != verify::integers_of(port.type))
      return error("input " + port.name + " takes " + std::string(graph::name(port.type)) +
                   " elements, and these are " + std::string(graph::name(spec.values->type)));
    placed[place] = std::move(spec.values);
  }
  std::vector<HostTensor> inputs;
  for (std::optional<HostTensor>& tensor : placed) inputs.push_back(*std::move(tensor));
  return inputs;
}

Expected<Outcome> execute(const Options& options) {
  Expected<std::string> library = nnapi_library(options.nnapi);
  if (!library) return library.error();
  Expected<verify::BlobRunner> runner = verify::BlobRunner::open(options.file);
  if (!runner) return runner.error();
  Expected<std::vector<HostTensor>> inputs = read_inputs(options, runner->inputs());
  if (!inputs) return inputs.error();
  spdlog::debug("running {} with {}", options.file, *library);
  Expected<std::vector<HostTensor>> outputs = runner->run(*library, *inputs);
  if (!outputs) return outputs.error();
  std::error_code error;
  std::filesystem::create_directories(options.output_dir, error);
  if (error)
    return Error{ErrorKind::unwritable, "cannot make the folder " + options.output_dir + ": " + error.message()};

  Outcome outcome;
  outcome.json["outputs"] = nlohmann::ordered_json::array();
  graph::NpyFiles files;
  report::Table table({{"output"}, {"shape"}, {"dtype"}, {"file", report::Column::left, true}});
  for (size_t i = 0; i < outputs->size(); ++i) {
    const HostTensor& tensor = (*outputs)[i];
    std::string path = (std::filesystem::path(options.output_dir) / ("output" + std::to_string(i) + ".npy")).string();
    if (Expected<void> written = files.add(path, tensor); !written) return written.error();
    const std::string& name = runner->outputs()[i].name;
    std::string dtype(graph::name(tensor.type));
    table.add({name, graph::to_string(tensor.shape), dtype, path});
    outcome.json["outputs"].push_back({{"name", name}, {"shape", tensor.shape}, {"dtype", dtype}, {"file", path}});
  }
  if (Expected<void> written = files.commit(); !written) return written.error();
  outcome.text = table.text();
  return outcome;
}

Action add(CLI::App& app, const Common&) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE.nnapi", options->file, "The file that convert has written")->required();
  app.add_option("--input", options->inputs,
                 "A .npy file for each input, in PyTorch's order and dtype; NAME=FILE.npy to give them by name")
      ->type_name("FILE.npy")
      ->allow_extra_args(false);
  app.add_option("--output-dir", options->output_dir,
                 "Where to write output0.npy, output1.npy, ...; made if it does not exist")
      ->type_name("DIR")
      ->required();
  add_nnapi_option(app, options->nnapi);
  return [options] { return execute(*options); };
}

}  // namespace

Command run_command() {
  return {"run",
          "Run a .nnapi file on inputs from .npy files",
          "FILE.nnapi --input FILE.npy... --output-dir DIR",
          "Runs a .nnapi file through the loader and NNAPI, once. All .npy files are in PyTorch's order "
          "(NCHW) and with PyTorch's dtypes, whatever the file itself wants.",
          "  passerelle run model.nnapi --input picture.npy --output-dir out\n"
          "      writes out/output0.npy, out/output1.npy, ...\n"
          "  passerelle run model.nnapi --input right=r.npy --input left=l.npy --output-dir out\n"
          "      inputs by name, in any order",
          {"text", "json"},
          add};
}

}  // namespace passerelle::cli
