// passerelle-run as a process, with stand-ins for NNAPI.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "fixture.h"
#include "passerelle/graph/host_tensor.h"
#include "paths.h"
#include "temporary.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Result {
  int status;
  std::string out, error;
};

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// A folder with a RELU of an image as m.nnapi, and its input as x.npy.
class Workspace {
 public:
  Workspace() {
    const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::channels_last));
    std::ofstream(folder_ / "m.nnapi", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    graph::HostTensor tensor;
    tensor.type = graph::ElementType::float32;
    tensor.shape = {2, 3, 4, 5};
    tensor.bytes.resize(480);
    for (size_t i = 0; i < tensor.bytes.size(); ++i) tensor.bytes[i] = static_cast<unsigned char>(i * 7);
    REQUIRE(graph::write_npy(folder_ / "x.npy", tensor));
  }

  Result run(const std::string& arguments, const std::string& level = "4") const {
    const std::string command = "cd " + folder_.path() + " && " + testing::binary_directory() +
                                "/bin/passerelle-run --nnapi " + library_path(level) + " " + arguments +
                                " >stdout 2>stderr";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(folder_ / "stdout"), content(folder_ / "stderr")};
  }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("passerelle-run runs a file on .npy files") {
  const Workspace work;
  const Result result = work.run("m.nnapi --input x.npy --output-dir out/of/it");
  CHECK(result.error.empty());
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, ContainsSubstring("stand-in-npu, stand-in-cpu") && ContainsSubstring("out/of/it/output0.npy"));
  // The stand-in copies its input; both are in PyTorch's order.
  CHECK(content(work.folder() / "out/of/it/output0.npy") == content(work.folder() / "x.npy"));
}

TEST_CASE("passerelle-run measures, and says where operations go") {
  const Workspace work;
  const Result result =
      work.run("m.nnapi --bench --where --runs 3 --device stand-in-npu --burst --timeout 1000 --format json", "5");
  CHECK(result.error.empty());
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, ContainsSubstring("\"runs\": 3") && ContainsSubstring("\"driver_median_ms\": 0.002") &&
                             ContainsSubstring("{\"name\": \"RELU\", \"devices\": [\"stand-in-npu\"]"));
  const Result text = work.run("m.nnapi --bench --runs 3");
  CHECK(text.status == 0);
  CHECK_THAT(text.out, ContainsSubstring("median"));
  CHECK_THAT(work.run("--devices").out, ContainsSubstring("stand-in-npu, version 1.2: accelerator, feature level 4"));
}

TEST_CASE("passerelle-run ends with passerelle's statuses") {
  const Workspace work;
  const auto status = [&](const std::string& arguments, const std::string& complaint) {
    const Result result = work.run(arguments);
    CHECK_THAT(result.error, ContainsSubstring(complaint));
    CHECK(result.out.empty());
    return result.status;
  };
  CHECK(status("m.nnapi", "--output-dir") == 2);
  CHECK(status("m.nnapi --output-dir out", "takes 1 inputs (picture)") == 2);
  CHECK(status("m.nnapi --bench --timeout 5", "exactly one device") == 2);
  CHECK(status("none.nnapi --bench", "no such file") == 3);
  CHECK(status("x.npy --bench", "no model") == 3);
  CHECK(status("m.nnapi --input m.nnapi --output-dir out", "not a .npy file") == 3);
  CHECK(status("m.nnapi --bench --device tpu", "there is no NNAPI device tpu") == 6);
  CHECK(status("m.nnapi --bench --nnapi /nonexistent.so", "/nonexistent.so") == 6);
  CHECK(status("m.nnapi --input x.npy --output-dir m.nnapi/out", "cannot make the folder m.nnapi/out") == 7);
}
