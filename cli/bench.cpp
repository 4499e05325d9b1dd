// passerelle bench: how long a .nnapi file takes, and its model in LibTorch.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "command.h"
#include "model_inputs.h"
#include "nnapi_library.h"
#include "passerelle/bench/nnapi_runner.h"
#include "passerelle/report/bench_report.h"
#include "passerelle/torchscript/model.h"
#include "passerelle/verify/blob_runner.h"

namespace passerelle::cli {
namespace {

using torchscript::Model;

constexpr int libtorch_threads[] = {1, 2, 4};

struct Options {
  std::string file, against, nnapi, device;
  std::vector<std::string> inputs;
  bench::Options timing;
};

Expected<void> time_libtorch(const Options& options, const Model& model, const ModelInputs& inputs,
                             report::BenchReport& report) {
  for (int threads : libtorch_threads) {
    Model::use_threads(threads);
    spdlog::debug("running {} with LibTorch and {} threads", options.against, threads);
    Expected<std::function<bool()>> run =
        with_either(inputs, [&](const ModelInputs& each) { return model.repeated_run(each.specs, each.tensors); });
    if (!run) return run.error();
    bool succeeded = false;
    bench::Timing timing = bench::measure(*run, options.timing, succeeded);
    if (!succeeded) return Error{ErrorKind::usage, options.against + " throws on these inputs"};
    report.rows.push_back({"LibTorch " + Model::libtorch_version(), threads, std::move(timing)});
  }
  return {};
}

Expected<void> time_model(const Options& options, report::BenchReport& report) {
  Expected<verify::BlobRunner> runner = verify::BlobRunner::open(options.file);
  if (!runner) return runner.error();
  Expected<Model> model = Model::load(options.against);
  if (!model) return model.error();
  Expected<ModelInputs> inputs = model_inputs(options.inputs, *model, options.file, *runner);
  if (!inputs) return inputs.error();
  return time_libtorch(options, *model, *inputs, report);
}

Expected<void> time_nnapi(const Options& options, report::BenchReport& report) {
  loader::Error error;
  const auto failure = [&] { return Error{ErrorKind::nnapi, error.message()}; };
  spdlog::debug("running {} with {}", options.file, report.library);
  bench::NnapiRunner runner = bench::NnapiRunner::make(
      options.file.c_str(), report.library.c_str(), options.device.empty() ? nullptr : options.device.c_str(), error);
  if (!runner) return failure();
  bool succeeded = false;
  bench::Timing timing = bench::measure([&] { return runner.run(error); }, options.timing, succeeded);
  if (!succeeded) return failure();
  report.compile_seconds = runner.compile_seconds();
  report.rows.push_back({"NNAPI", 0, std::move(timing)});
  return {};
}

/// A module that convert --fallback has written, from its second call on: the first compiles.
Expected<void> time_module(const Options& options, report::BenchReport& report) {
  Expected<Model> module = load_split_module(options.file, report.library);
  if (!module) return module.error();
  Expected<ModelInputs> inputs = model_inputs(options.inputs, *module);
  if (!inputs) return inputs.error();
  Expected<std::function<bool()>> run = module->repeated_run(inputs->specs, inputs->tensors);
  if (!run) return run.error();
  bool succeeded = false;
  bench::Timing timing = bench::measure(*run, options.timing, succeeded);
  if (!succeeded) return Error{ErrorKind::usage, options.file + " throws on these inputs"};
  report.rows.push_back({"NNAPI and LibTorch", 0, std::move(timing)});
  if (options.against.empty()) return {};
  Expected<Model> model = Model::load(options.against);
  if (!model) return model.error();
  return time_libtorch(options, *model, *inputs, report);
}

Expected<Outcome> execute(const Options& options, const Common& common) {
  if (options.timing.repetitions < 1 || options.timing.warm_up < 0)
    return Error{ErrorKind::usage, "--repetitions is at least 1, --warm-up at least 0"};
  const bool is_module = is_archive(options.file);
  if (is_module && !options.device.empty())
    return Error{ErrorKind::usage,
                 "--device has no effect on a TorchScript module: PyTorch's NNAPI class chooses none"};
  if (!options.inputs.empty() && options.against.empty() && !is_module)
    return Error{ErrorKind::usage, "--input is for the model of --against: the file alone runs on made-up values"};
  Expected<std::string> library = nnapi_library(options.nnapi);
  if (!library) return library.error();
  // An unreadable file is told apart from an NNAPI that fails.
  if (!is_module)
    if (Expected<verify::BlobRunner> file = verify::BlobRunner::open(options.file); !file) return file.error();
  report::BenchReport report{options.file, options.against, *library, options.timing, 0, {}, 0};
  // NNAPI first, with the threads that the process has: LibTorch's numbers of them stay set.
  if (Expected<void> timed = is_module ? time_module(options, report) : time_nnapi(options, report); !timed)
    return timed.error();
  if (!options.against.empty() && !is_module)
    if (Expected<void> timed = time_model(options, report); !timed) return timed.error();
  std::rotate(report.rows.begin(), report.rows.begin() + 1, report.rows.end());
  Outcome outcome;
  if (common.format == "json") outcome.json = report::bench_json(report);
  if (common.format == "text") outcome.text = report::bench_text(report);
  if (common.format == "html") outcome.text = report::bench_html(report);
  return outcome;
}

Action add(CLI::App& app, const Common& common) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "What convert has written: FILE.nnapi, or the module of --fallback")
      ->required();
  app.add_option("--against", options->against,
                 "The model that it was made from: LibTorch runs it with 1, 2 and 4 threads")
      ->type_name("MODEL.pt");
  app.add_option("--input", options->inputs, "With --against: an input of the model, as for convert")
      ->type_name("SPEC")
      ->allow_extra_args(false);
  app.add_option("--repetitions", options->timing.repetitions, "How many runs are measured. Default: 20")
      ->type_name("N");
  app.add_option("--warm-up", options->timing.warm_up, "How many runs go before them. Default: 3")->type_name("N");
  app.add_option("--device", options->device, "The NNAPI device to run on, by its name. Default: NNAPI's choice")
      ->type_name("NAME");
  add_nnapi_option(app, options->nnapi);
  return [options, &common] { return execute(*options, common); };
}

}  // namespace

Command bench_command() {
  return {
      "bench",
      "Measure how long a .nnapi file takes",
      "FILE.nnapi|OUT.pt [--against MODEL.pt] [OPTION]...",
      "Runs a .nnapi file again and again on made-up inputs, and its model in LibTorch with 1, 2 and 4 threads. Tells "
      "the median, the spread, the latency in proportion to LibTorch with one thread, and how many processors were "
      "busy. The host NNAPI is made to be right, not fast: what a phone takes is measured on a phone, with "
      "passerelle-run --bench.",
      "  passerelle bench model.nnapi\n"
      "      NNAPI alone\n"
      "  passerelle bench model.nnapi --against model.pt --format html > bench.html\n"
      "      compared with LibTorch, as a page with a plot",
      {"text", "json", "html"},
      add};
}

}  // namespace passerelle::cli
