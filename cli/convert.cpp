// passerelle convert: a TorchScript model to a .nnapi file.

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "convert_options.h"
#include "fallback.h"
#include "input_spec.h"
#include "passerelle/blob/file.h"
#include "passerelle/blob/write.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/findings.h"
#include "passerelle/report/quantization_report.h"
#include "passerelle/report/words.h"
#include "passerelle/support/atomic_file.h"
#include "quantize_options.h"

namespace passerelle::cli {
namespace {

struct Options : ConvertOptions {
  FallbackOptions fallback;
  std::string output;
  bool strip = false;
  QuantizeOptions quantize;
};

/// Whether the output could be written, before minutes are spent on it.
Expected<void> check_output(const Options& options, const Common& common) {
  std::error_code error;
  if (is_standard_output(options.output)) {
    const auto usage = [&](const char* why) { return Error{ErrorKind::usage, "-o " + options.output + why}; };
    if (!options.fallback.fallback.empty()) return usage(": --fallback writes a file; give it a name");
    if (common.format == "json") return usage(": --format json prints its document there; give the file a name");
    if (::isatty(STDOUT_FILENO) == 1) return usage(" is a terminal here; redirect it, or give the file a name");
    return {};
  }
  if (std::filesystem::is_directory(options.output, error))
    return Error{ErrorKind::unwritable, "cannot write " + options.output + ": it is a folder; give a file in it"};
  if (std::filesystem::equivalent(options.model, options.output, error))
    return Error{ErrorKind::usage, "-o " + options.output + " is the model itself; give another name"};
  Expected<AtomicFile> file = AtomicFile::create(options.output);
  if (!file) return file.error();
  return {};
}

std::string complaint(const Options& options, const converter::Converted& converted, size_t operators) {
  return "passerelle: " + options.model + " can't be converted for " +
         std::string(nnapi::feature_level_name(converted.target)) + ": " +
         report::count(converted.diagnostics.size(), "obstacle") + " among " + report::count(operators, "operator") +
         ".\n\n";
}

/// Tensors that tracing is done with go back to the system at once. glibc would learn from the first of them to keep
/// such blocks, and they would lie beside the weights until the end: a tenth of the memory for a vision transformer.
void give_back_tensors() {
#ifdef M_MMAP_THRESHOLD
  constexpr int smallest_tensor = 256 << 10;
  ::mallopt(M_MMAP_THRESHOLD, smallest_tensor);
#endif
}

/// The SPECs of Python numbers: the file keeps them, so that verify can call the model as it was called here.
std::vector<std::string> numbers_of(const Options& options, const std::vector<torchscript::InputSpec>& specs) {
  std::vector<std::string> numbers;
  for (size_t i = 0; i < specs.size(); ++i)
    if (is_number(specs[i])) numbers.push_back(options.inputs[i]);
  return numbers;
}

/// What nobody should calibrate with: nothing where inputs come with values.
calibration::Sample noise_for(const Prepared& prepared) {
  const auto& specs = prepared.conversion.inputs;
  const bool all_drawn =
      std::all_of(specs.begin(), specs.end(), [](const auto& spec) { return spec.shape && !spec.values; });
  if (specs.empty() || !all_drawn) return {};
  Expected<calibration::Sample> drawn = prepared.model.example_inputs(torchscript::with_floats(specs));
  return drawn ? *std::move(drawn) : calibration::Sample();
}

/// Writes the file, or its bytes to `bytes` where it is for standard output, and reads it again: what is shown is what
/// is in it, and a file that our own reader refuses is a bug found here.
Expected<report::FileReport> write(const Options& options, const graph::Module& module,
                                   const blob::WriteOptions& writing, std::vector<unsigned char>& bytes) {
  spdlog::debug("writing {}", options.output);
  const bool to_standard_output = is_standard_output(options.output);
  if (to_standard_output) {
    Expected<std::vector<unsigned char>> written = blob::write(module, writing);
    if (!written) return written.error();
    bytes = *std::move(written);
  } else if (Expected<blob::WriteSummary> written = blob::write(module, writing, options.output); !written) {
    return written.error();
  }
  Expected<blob::File> file =
      to_standard_output ? blob::File::open({bytes.data(), bytes.size()}) : blob::File::open(options.output);
  if (!file) return Error{ErrorKind::bug, "a bug in passerelle, please report it: " + file.error().message};
  return report::file_report(to_standard_output ? "standard output" : options.output, file->view());
}

void tell_notes(const trace::Trace& trace) {
  for (const graph::Diagnostic& note : trace.notes)
    spdlog::info("{} ({}:{})", note.message, note.origin.user.file, note.origin.user.line);
}

Expected<Outcome> execute(const Options& options, const Common& common) {
  give_back_tensors();
  if (Expected<void> fits = check_fallback(options, options.fallback); !fits) return fits.error();
  if (Expected<void> possible = check_output(options, common); !possible) return possible.error();
  Expected<std::optional<Quantization>> wanted = quantization(options.quantize);
  if (!wanted) return wanted.error();
  if (*wanted && !options.fallback.fallback.empty())
    return Error{ErrorKind::usage,
                 "--quantize makes a .nnapi file of integers, and --fallback a module of floats: give one of them"};
  if (!options.fallback.fallback.empty()) return convert_with_fallback(options, options.fallback, options.output);
  Expected<Prepared> prepared = prepare(options);
  if (!prepared) return prepared.error();
  std::shared_ptr<const std::optional<calibration::Report>> loss;
  if (*wanted) {
    (*wanted)->options.quantized_outputs = options.output_quantized;
    loss = quantize_with(**wanted, noise_for(*prepared), prepared->conversion);
  }
  Expected<trace::Trace> trace = converter::trace(prepared->model, prepared->conversion);
  if (!trace) return trace.error();
  Expected<converter::Converted> converted = converter::convert(*trace, prepared->conversion);
  if (!converted) return converted.error();
  tell_notes(*trace);
  const size_t operators = report::operator_count(*trace, converted->diagnostics);
  spdlog::debug("{} became {}", report::count(operators, "operator"),
                report::count(converted->module.main().operations.size(), "operation"));
  const std::vector<report::Finding> findings = report::findings_of(*trace, converted->diagnostics);
  Outcome outcome;
  outcome.json = {{"model", options.model},
                  {"written_by", prepared->model.written_by()},
                  {"libtorch", torchscript::Model::libtorch_version()},
                  {"converts", findings.empty()},
                  {"target_feature_level", converted->target},
                  {"operators", operators},
                  {"diagnostics", report::findings_json(findings)}};
  if (!findings.empty()) {
    outcome.status = static_cast<int>(ErrorKind::unsupported);
    outcome.complaint = complaint(options, *converted, operators) + report::findings_text(findings);
    return outcome;
  }

  blob::WriteOptions writing;
  writing.strip_origins = options.strip;
  writing.producer = "passerelle " PASSERELLE_VERSION;
  writing.feature_level = passes::required_feature_level(converted->module);
  writing.numbers = numbers_of(options, prepared->conversion.inputs);
  Expected<report::FileReport> output = write(options, converted->module, writing, outcome.file);
  if (!output) return output.error();
  outcome.json["output"] = report::file_json(*output);
  for (const char* long_list : {"operations", "operands", "windows"}) outcome.json["output"].erase(long_list);
  outcome.text =
      options.model + ", " + report::count(operators, "operator") + ", is now\n" + report::file_summary(*output);
  if (loss && *loss) {
    outcome.json["quantization"] = report::quantization_json(**loss);
    outcome.text += "\n" + report::quantization_text(**loss);
  }
  return outcome;
}

Action add(CLI::App& app, const Common& common) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL.pt", options->model, "The TorchScript model, from torch.jit.trace or torch.jit.script")
      ->required();
  add_convert_options(app, *options);
  app.add_option("-o,--output", options->output, "Where to write the .nnapi file; - for standard output")
      ->type_name("OUT.nnapi")
      ->required();
  add_fallback_options(app, options->fallback);
  app.add_flag("--allow-all-cpu", options->fallback.allow_all_cpu,
               "With --fallback: write the module even where nothing of it is for NNAPI");
  app.add_flag("--strip", options->strip, "Leave out where each operation came from: module paths and source lines");
  add_quantize_options(app, options->quantize);
  return [options, &common] { return execute(*options, common); };
}

}  // namespace

Command convert_command() {
  return {"convert",
          "Convert a TorchScript model to a .nnapi file",
          "MODEL.pt -o OUT.nnapi [--input SPEC]... [OPTION]...",
          "Converts a TorchScript model to a .nnapi file. Where something can't be converted, all of it is listed "
          "with its place in the Python source, no file is written, and the exit status is 4.",
          "  passerelle convert model.pt -o model.nnapi --input 1x3x224x224\n"
          "      one float32 input, for Android 10 (API 29) and later\n"
          "  passerelle convert model.pt -o model.nnapi --input 1x3x224x224:nhwc --output-layout nhwc\n"
          "      the app hands over and gets NHWC pictures, which is what accelerators like\n"
          "  passerelle convert model.pt -o model.nnapi --input image=photo.npy --input threshold=float=0.5\n"
          "      inputs by name: shape, dtype and values from a file, and a Python number\n"
          "  passerelle convert model.pt -o model.nnapi --input 1x3x224x224 --quantize int8 --calibrate pictures \\\n"
          "      --image-mean 0.485,0.456,0.406 --image-std 0.229,0.224,0.225\n"
          "      a float model, in 8-bit integers whose ranges are those of the pictures",
          {"text", "json"},
          add};
}

}  // namespace passerelle::cli
