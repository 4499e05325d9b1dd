// Weights go from the file to NNAPI without passing through memory of the process's own.
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>

#include "catch.h"
#include "fixture.h"
#include "samples.h"
#include "temporary.h"

using namespace passerelle;
using namespace passerelle::loader_test;

namespace {

/// Bytes of memory that belong to this process alone, and are not of a file: /proc/self/status.
size_t anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, 8, "RssAnon:") == 0) return std::stoul(line.substr(8)) * 1024;
  return 0;
}

constexpr size_t mebibyte = size_t{1} << 20;
constexpr uint32_t elements = 16 << 20;  // 64 MiB of floats

/// One value, over and over, without taking the memory for it.
graph::Constant repeated(const float& value) {
  return graph::Constant(nullptr, &value, graph::ElementType::float32, {elements}, {0});
}

}  // namespace

TEST_CASE("half a gigabyte of weights takes no memory of the process") {
  if (anonymous_bytes() == 0) {
    WARN("skipped: this system's /proc/self/status has no RssAnon");
    return;
  }
  const TemporaryFolder folder;
  const std::string path = folder / "large.nnapi";
  const float values[] = {1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<graph::Constant> constants;
  for (const float& value : values) constants.push_back(repeated(value));
  REQUIRE(blob::write(blob_test::sum_graph(constants), blob_test::options(1), path));
  constants.clear();

  StandIn& stand_in = fresh_stand_in(library_path("4"));
  stand_in.keeps_values = false;
  loader::Error error;
  const loader::Nnapi nnapi = open_nnapi(library_path("4"));
  const size_t before = anonymous_bytes();
  const loader::Model model = loader::Model::open(path.c_str(), error);
  const loader::Compilation compilation = loader::Compilation::make(model, nnapi, {}, error);
  INFO(error.message());
  REQUIRE(compilation);
  const size_t after = anonymous_bytes();
  CHECK(model.info().weights_size == 8 * 64 * mebibyte);
  // Under qemu the emulator's own memory grows by some megabytes; a copy of one constant alone would be 64.
  CHECK(after < before + 16 * mebibyte);
  CHECK(stand_in.memories.size() >= 1);

  // The measure itself: a copy of a part would be seen.
  const size_t part = 64 * mebibyte;
  const std::unique_ptr<unsigned char[]> copy(new unsigned char[part]);
  std::memset(copy.get(), 1, part);
  CHECK(anonymous_bytes() > after + part / 2);
}
