// What the loader itself costs, on a stand-in that computes nothing. Each figure is the best of many, as others may be
// at work on the machine, and includes the stand-in's own book-keeping.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "fixture.h"
#include "layout.h"
#include "samples.h"
#include "temporary.h"

using namespace passerelle;
using namespace passerelle::loader_test;

namespace {

using Clock = std::chrono::steady_clock;

/// Microseconds of the fastest of `rounds`.
template <typename Work>
double best_of(int rounds, Work work) {
  double best = 1e30;
  for (int round = 0; round < rounds; ++round) {
    const Clock::time_point begin = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  return best;
}

void report(const char* what, double microseconds) { std::printf("%-60s %10.3f us\n", what, microseconds); }

}  // namespace

TEST_CASE("from the file to a compilation takes less than a millisecond, NNAPI's own time left out") {
  // As many operations, constants and bytes as MobileNetV2 has: 64, twice as many constants, 14 MB.
  std::vector<graph::Constant> constants;
  for (int i = 0; i < 64; ++i) constants.push_back(blob_test::counting({55 * 1000}, static_cast<float>(i)));
  const TemporaryFolder folder;
  const std::string path = folder / "m.nnapi";
  REQUIRE(blob::write(blob_test::sum_graph(constants), blob_test::options(1), path));
  StandIn& stand_in = fresh_stand_in(library_path("5"));
  stand_in.keeps_values = false;
  const loader::Nnapi nnapi = open_nnapi(library_path("5"));
  loader::Error error;
  for (const bool checks : {false, true}) {
    loader::CompileOptions options;
    options.skip_weight_check = !checks;
    const double time = best_of(20, [&] {
      const loader::Model model = loader::Model::open(path.c_str(), error);
      if (!loader::Compilation::make(model, nnapi, options, error)) FAIL(error.message());
    });
    report(checks ? "open to compiled, with the weights' digests compared" : "open to compiled", time);
    // The comparison reads the whole file, which skip_weight_check leaves out.
    if (!checks) CHECK(time < 1000);
  }
}

TEST_CASE("a run takes less than 5 microseconds, and the layout's conversion") {
  for (const graph::Layout layout : {graph::Layout::as_pytorch, graph::Layout::channels_last}) {
    StandIn& stand_in = fresh_stand_in(library_path("5"));
    const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, layout));
    loader::Error error;
    const loader::Compilation compilation =
        loader::Compilation::make(open_model(bytes), open_nnapi(library_path("5")), {}, error);
    loader::Execution execution = loader::Execution::make(compilation, {}, error);
    std::vector<float> in(120), out(120);
    REQUIRE(execution.set_input(0, in.data(), 480, error));
    REQUIRE(execution.set_output(0, out.data(), 480, error));
    constexpr int runs = 1000;
    const double reused = best_of(20, [&] {
      for (int i = 0; i < runs; ++i) execution.run(error);
      stand_in.calls.clear();
    });
    const double once = best_of(20, [&] {
      for (int i = 0; i < runs; ++i) compilation.run({{in.data(), 480}}, {{out.data(), 480}}, error);
      stand_in.calls.clear();
    });
    const bool converts = layout == graph::Layout::channels_last;
    report(converts ? "Execution::run, 2x3x4x5 both ways converted" : "Execution::run", reused / runs);
    report(converts ? "Compilation::run, 2x3x4x5 both ways converted" : "Compilation::run", once / runs);
    CHECK_FALSE(error);
    if (!converts) CHECK(reused / runs < 5);
    if (!converts) CHECK(once / runs < 5);
  }
}

TEST_CASE("layouts are converted at the speed of memory") {
  struct Row {
    const char* name;
    uint32_t shape[4];
    double limit;  // times memcpy
  };
  for (const Row& row : {Row{"NCHW to NHWC, 1x3x1024x1024", {1, 3, 1024, 1024}, 8},
                         Row{"NCHW to NHWC, 1x256x64x64", {1, 256, 64, 64}, 8}}) {
    const size_t count = size_t{row.shape[1]} * row.shape[2] * row.shape[3];
    std::vector<float> in(count, 1), out(count);
    const double copy = best_of(20, [&] { std::memcpy(out.data(), in.data(), count * sizeof(float)); });
    const double converted = best_of(
        20, [&] { loader::convert_layout(in.data(), out.data(), row.shape, sizeof(float), blob::Layout::as_pytorch); });
    report(row.name, converted);
    std::printf("%-60s %10.2f times memcpy\n", "", converted / copy);
    CHECK(converted < row.limit * copy);
  }
}
