#include "passerelle/runner/bench.h"

#include "catch.h"
#include "fixture.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using runner::BenchResult;

namespace {

BenchResult benched(StandIn& stand_in, const bench::Options& options, loader::Error& error) {
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
  runner::measure(execution, options, true, result, error);
  return result;
}

}  // namespace

TEST_CASE("a benchmark makes the runs that were asked for") {
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  bench::Options options;
  options.warm_up = 3;
  options.repetitions = 7;
  loader::Error error;
  const BenchResult result = benched(stand_in, options, error);
  CHECK_FALSE(error);
  CHECK(stand_in.count("ANeuralNetworksExecution_compute") == 1 + 3 + 7);
  CHECK(result.runs.seconds.size() == 7);
  CHECK(result.runs.lowest() > 0);
  CHECK(result.first > 0);
  REQUIRE(result.drivers.size() == 7);
  for (double seconds : result.drivers) CHECK(seconds == Catch::Approx(2e-6));

  options.seconds = 0;  // the first, and one that counts
  CHECK(benched(stand_in, options, error).runs.seconds.size() == 1);
  CHECK(stand_in.count("ANeuralNetworksExecution_compute") == 2);
}

TEST_CASE("a benchmark ends with the first failure") {
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  stand_in.failures["ANeuralNetworksExecution_compute"] = 5;
  loader::Error error;
  CHECK(benched(stand_in, {}, error).runs.seconds.empty());
  CHECK(error.status() == PASSERELLE_NNAPI_FAILED);
}
