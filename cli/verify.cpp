// passerelle verify: a .nnapi file against the model that it was made from.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "command.h"
#include "model_inputs.h"
#include "nnapi_library.h"
#include "passerelle/blob/file.h"
#include "passerelle/graph/converted.h"
#include "passerelle/layers/compare_layers.h"
#include "passerelle/layers/integer_arithmetic.h"
#include "passerelle/report/verify_report.h"
#include "passerelle/report/words.h"
#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/border.h"
#include "passerelle/verify/comparison.h"
#include "passerelle/verify/quantization.h"

namespace passerelle::cli {
namespace {

using graph::HostTensor;
using torchscript::Model;
using verify::Port;

struct Options {
  std::string model, file;
  std::vector<std::string> inputs;
  verify::Limits limits;
  bool has_element_limits = false;  ///< --rtol, --atol or --steps was given
  bool wants_arg_max = false, wants_no_arg_max = false;
  std::string nnapi;
  bool per_layer = false;
  std::string outputs;  ///< a folder; empty: run the file
};

/// What a network of rounded numbers comes to is not the same in two arithmetics that differ by a step here and there.
constexpr double default_signal_to_noise = 15;

/// Values from the fixed seed show nothing that a class could be found for.
bool are_drawn(const std::vector<torchscript::InputSpec>& specs) {
  return std::any_of(specs.begin(), specs.end(), [](const auto& spec) { return spec.shape && !spec.values; });
}

/// How files that compute in integers are compared, where nobody says otherwise.
Expected<std::vector<double>> read_steps(Options& options, bool on_drawn_values) {
  Expected<blob::File> file = blob::File::open(options.file);
  if (!file) return file.error();
  const bool integers = layers::computes_in_integers(file->view());
  verify::Limits& limits = options.limits;
  if (integers && !options.has_element_limits && !limits.signal_to_noise)
    limits.signal_to_noise = default_signal_to_noise;
  limits.arg_max = options.wants_arg_max ||
                   (integers && !options.has_element_limits && !options.wants_no_arg_max && !on_drawn_values);
  return layers::output_steps(file->view());
}

/// The file must be one that this model could have become.
Expected<void> check_outputs(const Options& options, const std::vector<Port>& ports,
                             const std::vector<HostTensor>& reference) {
  auto error = [&](const std::string& what) {
    const char* way_out = options.inputs.empty() ? "; if it was, give the --input that it was converted with" : "";
    return Error{ErrorKind::usage,
                 options.file + " was not made from " + options.model + " with these inputs: " + what + way_out};
  };
  if (ports.size() != reference.size())
    return error("it has " + report::count(ports.size(), "output") + ", the model " + std::to_string(reference.size()));
  for (size_t i = 0; i < ports.size(); ++i) {
    auto described = [](graph::ElementType type, const graph::Shape& shape) {
      return std::string(graph::name(type)) + " " + graph::to_string(shape);
    };
    if (ports[i].shape != reference[i].shape || ports[i].type != reference[i].type)
      return error("its output " + ports[i].name + " is " + described(ports[i].type, ports[i].shape) +
                   ", the model's " + described(reference[i].type, reference[i].shape));
    const graph::Quantization& wanted = reference[i].quantization;
    if (graph::is_quantized(ports[i].type) &&
        (ports[i].quantization.scale != wanted.scale || ports[i].quantization.zero_point != wanted.zero_point))
      return error("the quantization of output " + ports[i].name + " differs");
  }
  return {};
}

/// What another run of the file wrote: output0.npy, output1.npy, ...
Expected<std::vector<HostTensor>> read_outputs(const std::string& folder, const std::vector<Port>& ports) {
  std::vector<HostTensor> tensors;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string path = folder + "/output" + std::to_string(i) + ".npy";
    Expected<HostTensor> tensor = graph::read_npy(path);
    if (!tensor) return tensor.error();
    const graph::ElementType written = verify::integers_of(ports[i].type);
    if (written == graph::ElementType::bfloat16 && tensor->type == graph::ElementType::float32)
      tensor = graph::converted(*tensor, written);
    if (tensor->type != written || tensor->shape != ports[i].shape)
      return Error{ErrorKind::usage, path + " is " + std::string(graph::name(tensor->type)) + " " +
                                         graph::to_string(tensor->shape) + ", and output " + ports[i].name + " " +
                                         std::string(graph::name(written)) + " " + graph::to_string(ports[i].shape)};
    tensor->type = ports[i].type;
    tensor->quantization = ports[i].quantization;
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

/// Of a model that differs by what it does and no file can: a sentence; empty for others. PyTorch rounds the
/// activations of dynamically quantized layers to 8 bits, with a scale that it finds in each run.
std::string why_it_differs(const Model& model, const std::vector<torchscript::InputSpec>& specs) {
  const Expected<trace::Trace> trace = model.trace(specs);
  if (!trace) return {};
  for (const trace::Node& node : trace->nodes) {
    const bool is_dynamic = node.op.find("_dynamic") != node.op.npos && node.op.find("fp16") == node.op.npos;
    if (!is_dynamic) continue;
    return "PyTorch rounds the activations of " + node.op +
           " to 8 bits in each run, and the file computes that layer in floats, so it is nearer to the model before "
           "its quantization: hold it to a ratio, as with --snr 20, or verify the float model's file";
  }
  return {};
}

Outcome outcome_of(const report::VerifyReport& report, const std::string& why, const Common& common) {
  Outcome outcome;
  if (common.format == "json") outcome.json = report::verify_json(report);
  if (common.format == "text") outcome.text = report::verify_text(report);
  if (common.format == "html") outcome.text = report::verify_html(report);
  if (!report.passed()) {
    outcome.status = static_cast<int>(ErrorKind::mismatch);
    outcome.complaint =
        "passerelle: " + report.file + " differs from " + report.model + ": " + report.failed_outputs() + "\n";
    if (!why.empty()) outcome.complaint += "passerelle: " + why + "\n";
    if (!why.empty() && common.format == "json") outcome.json["why"] = why;
  }
  return outcome;
}

Expected<void> check_module_options(const Options& options) {
  if (options.per_layer || !options.outputs.empty())
    return Error{ErrorKind::usage,
                 "--per-layer and --outputs are for .nnapi files: " + options.file + " is a TorchScript module"};
  return {};
}

std::vector<Port> ports_of(const std::vector<HostTensor>& outputs) {
  std::vector<Port> ports;
  for (const HostTensor& output : outputs)
    ports.push_back({"output" + std::to_string(ports.size()), output.type, output.shape, output.quantization});
  return ports;
}

/// A module that convert --fallback has written: PyTorch's own NNAPI class runs its parts.
Expected<Outcome> verify_module(Options options, const Common& common) {
  if (Expected<void> fits = check_module_options(options); !fits) return fits.error();
  Expected<std::string> library = nnapi_library(options.nnapi);
  if (!library) return library.error();
  Expected<Model> model = Model::load(options.model);
  if (!model) return model.error();
  Expected<Model> module = load_split_module(options.file, *library);
  if (!module) return module.error();
  Expected<ModelInputs> inputs = model_inputs(options.inputs, *model);
  if (!inputs) return inputs.error();
  verify::Limits& limits = options.limits;
  if (module->nnapi_calls()->in_integers && !options.has_element_limits && !limits.signal_to_noise)
    limits.signal_to_noise = default_signal_to_noise;
  limits.arg_max = options.wants_arg_max;
  spdlog::debug("running {} and {} with LibTorch {}", options.model, options.file, Model::libtorch_version());
  Expected<std::vector<HostTensor>> reference = model->run(inputs->specs, inputs->tensors);
  if (!reference) return reference.error();
  Expected<std::vector<HostTensor>> actual = module->run(inputs->specs, inputs->tensors);
  if (!actual) return actual.error();
  if (Expected<void> fits = check_outputs(options, ports_of(*actual), *reference); !fits) return fits.error();
  report::VerifyReport report{options.model, options.file, limits, ports_of(*actual), {}, {}};
  for (size_t i = 0; i < reference->size(); ++i)
    report.comparisons.push_back(verify::compare((*reference)[i], (*actual)[i], limits));
  return outcome_of(report, report.passed() ? "" : why_it_differs(*model, inputs->specs), common);
}

Expected<Outcome> execute(Options options, const Common& common) {
  if (!(options.limits.relative >= 0) || !(options.limits.absolute >= 0) || options.limits.steps < 0)
    return Error{ErrorKind::usage, "--rtol, --atol and --steps can't be negative"};
  if (!options.outputs.empty() && !options.nnapi.empty())
    return Error{ErrorKind::usage, "--outputs compares what was computed elsewhere: --nnapi has no part in it"};
  if (!options.outputs.empty() && options.per_layer)
    return Error{ErrorKind::usage, "--outputs holds a model's outputs alone: --per-layer runs the file here"};
  if (options.limits.signal_to_noise && !std::isfinite(*options.limits.signal_to_noise))
    return Error{ErrorKind::usage, "--snr is a number of decibels"};
  if (is_archive(options.file) && is_archive(options.model)) return verify_module(options, common);
  if (!blob::File::open(options.file) && blob::File::open(options.model))
    return Error{ErrorKind::usage, "the model comes first: verify " + options.file + " " + options.model};
  Expected<std::string> library = options.outputs.empty() ? nnapi_library(options.nnapi) : std::string();
  if (!library) return library.error();
  Expected<verify::BlobRunner> runner = verify::BlobRunner::open(options.file);
  if (!runner) return runner.error();
  Expected<Model> model = Model::load(options.model);
  if (!model) return model.error();
  Expected<ModelInputs> inputs = model_inputs(options.inputs, *model, options.file, *runner);
  if (!inputs) return inputs.error();
  Expected<std::vector<double>> steps = read_steps(options, are_drawn(inputs->specs));
  if (!steps) return steps.error();

  spdlog::debug("running {} with LibTorch {}", options.model, Model::libtorch_version());
  Expected<std::vector<HostTensor>> reference =
      with_either(*inputs, [&](const ModelInputs& each) { return model->run(each.specs, each.tensors); });
  if (!reference) return reference.error();
  // The model may end with a dequantize that the file leaves to the app.
  for (size_t i = 0; i < reference->size() && i < runner->outputs().size(); ++i) {
    const Port& port = runner->outputs()[i];
    if (graph::is_quantized(port.type) && (*reference)[i].type == graph::ElementType::float32)
      (*reference)[i] = verify::quantized((*reference)[i], port.type, port.quantization);
  }
  if (Expected<void> fits = check_outputs(options, runner->outputs(), *reference); !fits) return fits.error();
  if (options.outputs.empty()) spdlog::debug("running {} with {}", options.file, *library);
  Expected<std::vector<HostTensor>> actual = options.outputs.empty() ? runner->run(*library, inputs->tensors)
                                                                     : read_outputs(options.outputs, runner->outputs());
  if (!actual) return actual.error();
  report::VerifyReport report{options.model, options.file, options.limits, runner->outputs(), {}, {}};
  for (size_t i = 0; i < reference->size(); ++i)
    report.comparisons.push_back(verify::compare((*reference)[i], (*actual)[i], options.limits, (*steps)[i]));
  if (options.per_layer) {
    spdlog::debug("comparing layer by layer");
    Expected<verify::Layers> layers = layers::compare_layers(
        {*model, options.model, options.file, *library, inputs->specs, inputs->tensors, options.limits});
    if (!layers) return layers.error();
    report.layers = *std::move(layers);
  }
  return outcome_of(report, report.passed() ? "" : why_it_differs(*model, inputs->specs), common);
}

Action add(CLI::App& app, const Common& common) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL.pt", options->model, "The TorchScript model")->required();
  app.add_option("FILE", options->file,
                 "What it was converted to: FILE.nnapi, or the module that convert --fallback has written")
      ->required();
  app.add_option(
         "--input", options->inputs,
         "An input, as for convert; a .npy file for values of your own. Default: the model's bundled inputs, or "
         "values from a fixed seed")
      ->type_name("SPEC")
      ->allow_extra_args(false);
  app.add_option("--rtol", options->limits.relative,
                 "Floating point: the largest difference, as a part of the output's range. Default: 1e-4")
      ->type_name("X");
  app.add_option("--atol", options->limits.absolute, "The same in the output's own unit, added to it. Default: 0")
      ->type_name("X");
  app.add_option("--steps", options->limits.steps, "Quantized: the largest difference in steps. Default: 1")
      ->type_name("N");
  app.add_option(
         "--snr", options->limits.signal_to_noise,
         "A signal-to-noise ratio in dB that is enough, whatever single elements differ by. Default for files that "
         "compute in integers, without --rtol, --atol and --steps: 15")
      ->type_name("X");
  CLI::Option* required = app.add_flag(
      "--arg-max", options->wants_arg_max,
      "The largest of an output's class scores must be the model's own. Default for files that compute in integers, "
      "on inputs that are not drawn from the fixed seed, without --rtol, --atol and --steps");
  app.add_flag("--no-arg-max", options->wants_no_arg_max, "It may be another one")->excludes(required);
  app.add_flag("--per-layer", options->per_layer,
               "Compare the result of each operation with LibTorch's own value at that point, too");
  add_nnapi_option(app, options->nnapi);
  app.add_option(
         "--outputs", options->outputs,
         "Compare the output0.npy, output1.npy, ... in this folder, which passerelle run or passerelle-run wrote "
         "from the same inputs, instead of running the file")
      ->type_name("DIR");
  CLI::App* command = &app;
  return [options, &common, command] {
    options->has_element_limits = command->count("--rtol") + command->count("--atol") + command->count("--steps") > 0;
    return execute(*options, common);
  };
}

}  // namespace

Command verify_command() {
  return {"verify",
          "Compare a .nnapi file with the model that it was made from",
          "MODEL.pt FILE.nnapi|OUT.pt [OPTION]...",
          "Runs a TorchScript model in LibTorch and its .nnapi file in NNAPI on the same inputs, and compares "
          "their outputs. Ends with 5 where one differs by more than its limit.",
          "  passerelle verify model.pt model.nnapi\n"
          "      on the model's bundled inputs, or on values from a fixed seed\n"
          "  passerelle verify model.pt model.nnapi --input picture.npy --rtol 1e-5\n"
          "      on a picture, ten times stricter\n"
          "  passerelle verify model.pt model.nnapi --per-layer --format html > error.html\n"
          "      where along the network it goes wrong, with a plot\n"
          "  passerelle verify model.pt model.nnapi --nnapi ./libneuralnetworks.so --format json\n"
          "      with another NNAPI library, for a script",
          {"text", "json", "html"},
          add};
}

}  // namespace passerelle::cli
