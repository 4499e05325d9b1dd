#include <algorithm>
#include <set>

#include "catch.h"
#include "fixture.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<uint8_t> token_of(const std::vector<unsigned char>& bytes, const loader::CompileOptions& options,
                              int64_t runtime_level = 31, const char* version = "1.2", const char* level = "5") {
  StandIn& stand_in = fresh_stand_in(library_path(level));
  stand_in.runtime_level = runtime_level;
  for (StandInDevice& device : stand_in.devices) device.version = version;
  loader::CompileOptions cached = options;
  cached.cache_directory = "/tmp";
  loader::Error error;
  const loader::Compilation compilation =
      loader::Compilation::make(open_model(bytes), open_nnapi(library_path(level)), cached, error);
  if (!compilation) FAIL(error.message());
  CHECK(stand_in.cache_directory == "/tmp");
  return stand_in.cache_token;
}

}  // namespace

TEST_CASE("a cache token differs where what is compiled differs, and nowhere else") {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  const auto with_weights = [](float first) {
    return blob_test::written(blob_test::sum_graph({blob_test::counting({100}, first)}), blob_test::options(1));
  };
  loader::CompileOptions low_power, fp16, high, npu, anywhere, timed;
  low_power.preference = PASSERELLE_PREFER_LOW_POWER;
  fp16.fp16 = PASSERELLE_FP16_ALLOWED;
  high.priority = PASSERELLE_PRIORITY_HIGH;
  npu.device = timed.device = "stand-in-npu";
  anywhere.reference = PASSERELLE_REFERENCE_ALLOWED;
  timed.timeout = 1000000;

  const std::vector<uint8_t> plain = token_of(bytes, {});
  CHECK(plain.size() == 32);
  CHECK(token_of(bytes, {}) == plain);
  CHECK(token_of(bytes, timed) == token_of(bytes, npu));
  std::set<std::vector<uint8_t>> tokens = {plain,
                                           token_of(with_weights(0), {}),
                                           token_of(with_weights(1), {}),
                                           token_of(bytes, low_power),
                                           token_of(bytes, fp16),
                                           token_of(bytes, high),
                                           token_of(bytes, npu),
                                           token_of(bytes, anywhere),
                                           token_of(bytes, {}, 1000006),
                                           token_of(bytes, {}, 31, "1.3")};
  CHECK(tokens.size() == 10);
}

TEST_CASE("a cache directory that is none is told") {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  fresh_stand_in(library_path("3"));
  loader::CompileOptions options;
  loader::Error error;
  for (const char* path : {"/nonexistent/cache", "/proc/version", "/proc/sys/kernel/none"}) {
    options.cache_directory = path;
    CHECK_FALSE(loader::Compilation::make(open_model(bytes), open_nnapi(library_path("3")), options, error));
    CHECK(error.status() == PASSERELLE_INVALID_ARGUMENT);
    CHECK_THAT(error.message(), ContainsSubstring(path));
  }
}
