#include "passerelle/runner/bench.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "fixture.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using runner::BenchResult;

TEST_CASE("a quantile is the smallest duration that so many don't exceed") {
  const std::vector<uint64_t> ten = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  CHECK(BenchResult::quantile(ten, 0.5) == 5);
  CHECK(BenchResult::quantile(ten, 0.9) == 9);
  CHECK(BenchResult::quantile(ten, 0.91) == 10);
  CHECK(BenchResult::quantile(ten, 0) == 1);
  CHECK(BenchResult::quantile(ten, 1) == 10);
  CHECK(BenchResult::quantile({7}, 0.5) == 7);
  CHECK(BenchResult::quantile({}, 0.5) == 0);
}

namespace {

BenchResult benched(StandIn& stand_in, const runner::BenchOptions& options, loader::Error& error) {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  loader::CompileOptions compile;
  compile.device = "stand-in-npu";
  const loader::Compilation compilation =
      loader::Compilation::make(open_model(bytes), open_nnapi(library_path("4")), compile, error);
  loader::ExecutionOptions timed;
  timed.measure_timing = 1;
  loader::Execution execution = loader::Execution::make(compilation, timed, error);
  std::vector<float> in(120), out(120);
  execution.set_input(0, in.data(), 480, error);
  execution.set_output(0, out.data(), 480, error);
  stand_in.calls.clear();
  BenchResult result;
  runner::bench(execution, options, true, result, error);
  return result;
}

}  // namespace

TEST_CASE("a benchmark makes the runs that were asked for") {
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  runner::BenchOptions options;
  options.warm_up = 3;
  options.runs = 7;
  loader::Error error;
  const BenchResult result = benched(stand_in, options, error);
  CHECK_FALSE(error);
  CHECK(stand_in.count("ANeuralNetworksExecution_compute") == 1 + 3 + 7);
  CHECK(result.runs.size() == 7);
  CHECK(std::is_sorted(result.runs.begin(), result.runs.end()));
  CHECK(result.runs.front() > 0);
  CHECK(result.first > 0);
  CHECK(result.drivers == std::vector<uint64_t>(7, 2000));

  options.seconds = 0;  // the first, and one that counts
  CHECK(benched(stand_in, options, error).runs.size() == 1);
  CHECK(stand_in.count("ANeuralNetworksExecution_compute") == 2);
}

TEST_CASE("a benchmark ends with the first failure") {
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  stand_in.failures["ANeuralNetworksExecution_compute"] = 5;
  loader::Error error;
  CHECK(benched(stand_in, {}, error).runs.empty());
  CHECK(error.status() == PASSERELLE_NNAPI_FAILED);
}
