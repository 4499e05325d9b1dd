// What the loader itself costs, on a stand-in that computes nothing. Each figure is the best of many, as others may be
// at work on the machine, and includes the stand-in's own book-keeping.
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "catch.h"
#include "fixture.h"
#include "layout.h"
#include "paths.h"
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
  constexpr double limit = 8;  // times memcpy, in the cache or out of it
  constexpr uint32_t shapes[][4] = {{1, 3, 224, 224}, {1, 3, 1024, 1024}, {1, 21, 224, 224}, {1, 256, 64, 64}};
  for (const auto& shape : shapes) {
    const size_t count = size_t{shape[1]} * shape[2] * shape[3];
    std::vector<float> in(count, 1), out(count);
    for (const blob::Layout from : {blob::Layout::as_pytorch, blob::Layout::channels_last}) {
      // In turn, so that whatever else the machine does slows both.
      double copy = 1e30, time = 1e30;
      for (int round = 0; round < 200; ++round) {
        copy = std::min(copy, best_of(1, [&] { std::memcpy(out.data(), in.data(), count * sizeof(float)); }));
        time = std::min(time,
                        best_of(1, [&] { loader::convert_layout(in.data(), out.data(), shape, sizeof(float), from); }));
      }
      const std::string name = std::string(from == blob::Layout::as_pytorch ? "NCHW to NHWC, " : "NHWC to NCHW, ") +
                               graph::to_string({shape[0], shape[1], shape[2], shape[3]});
      report(name.c_str(), time);
      std::printf("%-60s %10.2f times memcpy\n", "", time / copy);
      CHECK(time < limit * copy);
    }
  }
}

TEST_CASE("MobileNetV2 is compiled in less than a millisecond of ours, and run in less than 5 microseconds") {
  struct Row {
    const char* name;  // as tests/benchmarks/CMakeLists.txt has it converted
    bool converts;     // the loader hands NNAPI the image as NHWC
  };
  for (const Row& row : {Row{"mobilenet_v2", false}, Row{"mobilenet_v2_api27", true}}) {
    const std::string path = std::string(testing::binary_directory()) + "/tests/benchmarks/" + row.name + ".nnapi";
    if (::access(path.c_str(), R_OK) != 0) {
      WARN("skipped: no " << path << ": the tests benchmarks.convert_* make it, with python3-torch and torchvision");
      continue;
    }
    StandIn& stand_in = fresh_stand_in(library_path("5"));
    stand_in.keeps_values = false;
    const loader::Nnapi nnapi = open_nnapi(library_path("5"));
    loader::Error error;
    loader::CompileOptions options;
    options.skip_weight_check = true;
    const double compiling = best_of(20, [&] {
      const loader::Model model = loader::Model::open(path.c_str(), error);
      if (!loader::Compilation::make(model, nnapi, options, error)) FAIL(error.message());
      stand_in.calls.clear();
    });
    report((std::string(row.name) + ", open to compiled").c_str(), compiling);
    CHECK(compiling < 1000);

    const loader::Model model = loader::Model::open(path.c_str(), error);
    const loader::Compilation compilation = loader::Compilation::make(model, nnapi, options, error);
    loader::Execution execution = loader::Execution::make(compilation, {}, error);
    const passerelle_port_info input = model.input(0), output = model.output(0);
    CHECK((input.layout != input.nnapi_layout) == row.converts);
    std::vector<float> in(input.byte_size / sizeof(float)), nhwc(in.size()), out(output.byte_size / sizeof(float));
    REQUIRE(execution.set_input(0, in.data(), input.byte_size, error));
    REQUIRE(execution.set_output(0, out.data(), output.byte_size, error));
    // In turn, so that the best of both is of the same quiet moments.
    constexpr int runs = 10;
    double running = 1e30, converting = row.converts ? 1e30 : 0;
    for (int round = 0; round < 100; ++round) {
      const double ten = best_of(1, [&] {
        for (int i = 0; i < runs; ++i) execution.run(error);
      });
      running = std::min(running, ten / runs);
      stand_in.calls.clear();
      if (!row.converts) continue;
      const double ten_conversions = best_of(1, [&] {
        for (int i = 0; i < runs; ++i)
          loader::convert_layout(in.data(), nhwc.data(), {input.shape, 4}, sizeof(float), blob::Layout::as_pytorch);
      });
      converting = std::min(converting, ten_conversions / runs);
    }
    CHECK_FALSE(error);
    report((std::string(row.name) + ", Execution::run").c_str(), running);
    if (row.converts) report("of which the layout's conversion", converting);
    CHECK(running < 5 + 1.5 * converting);  // half of its time for the noise of a busy machine
  }
}
