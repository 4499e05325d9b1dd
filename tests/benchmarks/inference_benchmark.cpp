// How long inferences take that are to be compared, in one process and in turn:
//
//     inference_benchmark NNAPI.so THREADS ROUNDS SHAPE SIDE...
//
// SHAPE is the only input's, of floats and as PyTorch has it: 1x3x224x224. A SIDE is one of
//
//     nnapi:FILE.nnapi     a file of ours, through our loader
//     libtorch:MODEL.pt    a model that LibTorch has frozen and optimised for inference
//     module:MODEL.pt      a model as it is, on a channels_last input: one that PyTorch's own converter to NNAPI wrote
//     runs
//                          in PyTorch's own client of NNAPI, which looks for libneuralnetworks.so in LD_LIBRARY_PATH
//
// Prints a JSON list with an object a side.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "passerelle/bench/nnapi_runner.h"
#include "passerelle/bench/timing.h"

namespace {

using namespace passerelle;
using Run = std::function<bool()>;

[[noreturn]] void fail(const std::string& message) { throw std::runtime_error(message); }

std::vector<int64_t> parse_shape(const std::string& text) {
  std::vector<int64_t> shape;
  for (size_t at = 0; at < text.size(); at = std::min(text.find('x', at), text.size() - 1) + 1)
    shape.push_back(std::stoll(text.substr(at)));
  return shape;
}

Run nnapi_run(const std::string& path, const char* library) {
  loader::Error error;
  auto runner = std::make_shared<bench::NnapiRunner>(bench::NnapiRunner::make(path.c_str(), library, nullptr, error));
  if (!*runner) fail(path + ": " + error.message());
  return [runner] {
    loader::Error run_error;
    return runner->run(run_error);
  };
}

Run module_run(torch::jit::Module module, const at::Tensor& input) {
  return [module, input]() mutable {
    const c10::InferenceMode inference;
    return !module.forward({input}).isNone();
  };
}

Run libtorch_run(const std::string& path, const at::Tensor& input) {
  torch::jit::Module module = torch::jit::load(path, at::kCPU);
  module.eval();
  module = torch::jit::freeze(module);
  return module_run(torch::jit::optimize_for_inference(module), input);
}

Run run_of(const std::string& side, const char* library, const at::Tensor& input) {
  const size_t colon = side.find(':');
  const std::string kind = side.substr(0, colon);
  const std::string path = colon == side.npos ? "" : side.substr(colon + 1);
  if (kind == "nnapi") return nnapi_run(path, library);
  if (kind == "libtorch") return libtorch_run(path, input);
  if (kind == "module")
    return module_run(torch::jit::load(path, at::kCPU), input.contiguous(at::MemoryFormat::ChannelsLast));
  fail("a side is nnapi:FILE, libtorch:FILE or module:FILE, not " + side);
}

void print(const std::vector<std::string>& sides, const std::vector<bench::Timing>& timings) {
  for (size_t i = 0; i < sides.size(); ++i) {
    const bench::Timing& timing = timings[i];
    std::printf(
        "%s{\"side\": \"%s\", \"median_seconds\": %.9f, \"lowest_seconds\": %.9f, \"lowest_cpu_seconds\": %.9f}",
        i == 0 ? "[" : ",\n ", sides[i].c_str(), timing.median(), timing.lowest(), timing.lowest_cpu_seconds);
  }
  std::printf("]\n");
}

void compare(const std::vector<std::string>& arguments) {
  at::globalContext().setQEngine(at::QEngine::QNNPACK);
  at::set_num_threads(std::stoi(arguments[1]));
  at::manual_seed(0);
  const at::Tensor input = at::randn(parse_shape(arguments[3]));
  const std::vector<std::string> sides(arguments.begin() + 4, arguments.end());
  std::vector<Run> runs;
  for (const std::string& side : sides) runs.push_back(run_of(side, arguments[0].c_str(), input));
  bool succeeded = false;
  bench::Options options;
  options.repetitions = std::stoi(arguments[2]);
  const std::vector<bench::Timing> timings = bench::measure_in_turn(runs, options, succeeded);
  if (!succeeded) fail("a run has failed");
  print(sides, timings);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: inference_benchmark NNAPI.so THREADS ROUNDS SHAPE SIDE...\n";
    return 2;
  }
  try {
    compare({argv + 1, argv + argc});
  } catch (const std::exception& exception) {
    std::cerr << "inference_benchmark: " << exception.what() << "\n";
    return 1;
  }
  return 0;
}
