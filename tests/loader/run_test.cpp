#include <cstring>
#include <numeric>
#include <thread>

#include "catch.h"
#include "fixture.h"
#include "layout.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr size_t elements = 2 * 3 * 4 * 5;
constexpr size_t bytes_of_image = elements * sizeof(float);

std::vector<float> counting() {
  std::vector<float> values(elements);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

/// By the definition: out[n][h][w][c] = in[n][c][h][w].
std::vector<float> nhwc(const std::vector<float>& nchw) {
  std::vector<float> out(elements);
  for (size_t n = 0; n < 2; ++n)
    for (size_t c = 0; c < 3; ++c)
      for (size_t h = 0; h < 4; ++h)
        for (size_t w = 0; w < 5; ++w) out[((n * 4 + h) * 5 + w) * 3 + c] = nchw[((n * 3 + c) * 4 + h) * 5 + w];
  return out;
}

std::vector<float> floats(const std::vector<unsigned char>& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

loader::Compilation compiled(const std::vector<unsigned char>& bytes, const std::string& path) {
  loader::Error error;
  const loader::Model model = open_model(bytes);
  loader::Compilation compilation = loader::Compilation::make(model, open_nnapi(path), {}, error);
  if (!compilation) FAIL(error.message());
  return compilation;
}

}  // namespace

TEST_CASE("a run converts the layout where the caller's and NNAPI's differ") {
  using graph::Layout;
  const std::string path = library_path(GENERATE("1", "3"));  // with an event to wait for, and without
  StandIn& stand_in = fresh_stand_in(path);
  const std::vector<float> in = counting();
  struct Row {
    Layout caller, nnapi;
    std::vector<float> given, seen;
  };
  const Row rows[] = {{Layout::as_pytorch, Layout::as_pytorch, in, in},
                      {Layout::as_pytorch, Layout::channels_last, in, nhwc(in)},
                      {Layout::channels_last, Layout::channels_last, nhwc(in), nhwc(in)},
                      {Layout::channels_last, Layout::as_pytorch, nhwc(in), in}};
  for (const Row& row : rows) {
    const auto bytes = file_of(image_graph(row.caller, row.nnapi));
    const loader::Compilation compilation = compiled(bytes, path);
    std::vector<float> out(elements);
    loader::Error error;
    REQUIRE(compilation.run({{row.given.data(), bytes_of_image}}, {{out.data(), bytes_of_image}}, error));
    REQUIRE(stand_in.inputs.size() == 1);
    CHECK(floats(stand_in.inputs[0]) == row.seen);
    CHECK(out == row.given);  // the stand-in copies, and the way back undoes the way in
  }
  CHECK(stand_in.called("ANeuralNetworksEvent_wait") == (path == library_path("1")));
  CHECK(stand_in.live_objects == 0);
}

TEST_CASE("elements of all sizes change layout") {
  const uint32_t shape[] = {2, 35, 3, 67};  // beyond a tile, and no multiple of one
  const size_t count = 2 * 35 * 3 * 67;
  for (size_t size : {size_t{1}, size_t{2}, size_t{4}}) {
    std::vector<unsigned char> in(count * size), out(in.size()), back(in.size());
    for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<unsigned char>(i * 31 + i / 251);
    loader::convert_layout(in.data(), out.data(), shape, size, blob::Layout::as_pytorch);
    for (size_t n = 0; n < 2; ++n)
      for (size_t c = 0; c < 35; ++c)
        for (size_t h = 0; h < 3; ++h)
          for (size_t w = 0; w < 67; ++w)
            REQUIRE(std::memcmp(&out[(((n * 3 + h) * 67 + w) * 35 + c) * size],
                                &in[(((n * 35 + c) * 3 + h) * 67 + w) * size], size) == 0);
    loader::convert_layout(out.data(), back.data(), shape, size, blob::Layout::channels_last);
    CHECK(back == in);
  }
}

TEST_CASE("buffers that do not fit are refused before NNAPI sees them") {
  StandIn& stand_in = fresh_stand_in(library_path("3"));
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::channels_last));
  const loader::Compilation compilation = compiled(bytes, library_path("3"));
  std::vector<float> in = counting(), out(elements);
  const loader::Input good_in{in.data(), bytes_of_image};
  const loader::Output good_out{out.data(), bytes_of_image};
  loader::Error error;
  const auto refused = [&](std::vector<loader::Input> inputs, std::vector<loader::Output> outputs) {
    CHECK_FALSE(compilation.run(inputs, outputs, error));
    CHECK(error.status() == PASSERELLE_INVALID_ARGUMENT);
    return std::string(error.message());
  };
  CHECK_THAT(refused({{in.data(), bytes_of_image - 1}}, {good_out}),
             ContainsSubstring("input 0 (picture)") && ContainsSubstring("480") && ContainsSubstring("479"));
  CHECK_THAT(refused({good_in}, {{out.data(), bytes_of_image + 1}}), ContainsSubstring("output 0 (output0)"));
  CHECK_THAT(refused({{nullptr, bytes_of_image}}, {good_out}), ContainsSubstring("no buffer"));
  CHECK_THAT(refused({good_in}, {{nullptr, bytes_of_image}}), ContainsSubstring("no buffer"));
  CHECK_THAT(refused({good_in, good_in}, {good_out}), ContainsSubstring("1 inputs"));
  CHECK_THAT(refused({}, {good_out}), ContainsSubstring("1 inputs"));
  CHECK_THAT(refused({good_in}, {}), ContainsSubstring("1 outputs"));
  loader::Input from_the_future = good_in;
  from_the_future.reserved[1] = 1;
  CHECK_THAT(refused({from_the_future}, {good_out}), ContainsSubstring("reserved"));
  CHECK_FALSE(stand_in.called("ANeuralNetworksExecution_create"));
  CHECK(passerelle_run(nullptr, &good_in, 1, &good_out, 1, error.get()) == PASSERELLE_INVALID_ARGUMENT);
  CHECK(passerelle_run(compilation.get(), nullptr, 1, &good_out, 1, nullptr) == PASSERELLE_INVALID_ARGUMENT);
  CHECK(compilation.run({good_in}, {good_out}, error));
}

TEST_CASE("every failure of NNAPI while running has its name, and nothing is left behind") {
  struct Row {
    const char* level;
    const char* function;
  };
  for (const Row& row : {Row{"3", "ANeuralNetworksExecution_create"}, Row{"3", "ANeuralNetworksExecution_setInput"},
                         Row{"3", "ANeuralNetworksExecution_setOutput"}, Row{"3", "ANeuralNetworksExecution_compute"},
                         Row{"1", "ANeuralNetworksExecution_startCompute"}, Row{"1", "ANeuralNetworksEvent_wait"}}) {
    INFO(row.function);
    StandIn& stand_in = fresh_stand_in(library_path(row.level));
    const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::channels_last));
    {
      const loader::Compilation compilation = compiled(bytes, library_path(row.level));
      std::vector<float> in = counting(), out(elements);
      const int before = stand_in.live_objects;
      stand_in.failures[row.function] = 5;
      loader::Error error;
      CHECK_FALSE(compilation.run({{in.data(), bytes_of_image}}, {{out.data(), bytes_of_image}}, error));
      CHECK(error.status() == PASSERELLE_NNAPI_FAILED);
      CHECK_THAT(error.message(), ContainsSubstring(row.function) && ContainsSubstring("OP_FAILED (5)"));
      CHECK(stand_in.live_objects == before);
      stand_in.failures.clear();
      CHECK(compilation.run({{in.data(), bytes_of_image}}, {{out.data(), bytes_of_image}}, error));
    }
    CHECK(stand_in.live_objects == 0);
  }
}

TEST_CASE("many threads may run one compilation") {
  fresh_stand_in(library_path("3"));
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::channels_last));
  const loader::Compilation compilation = compiled(bytes, library_path("3"));
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      std::vector<float> in(elements, static_cast<float>(t)), out(elements);
      loader::Error error;
      for (int round = 0; round < 200; ++round) {
        const bool done = compilation.run({{in.data(), bytes_of_image}}, {{out.data(), bytes_of_image}}, error);
        wrong[t] += !done || out != in;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("in C++ the first error stays told to the end") {
  loader::Error error;
  const loader::Model model = loader::Model::open("/nonexistent/model.nnapi", error);
  const loader::Nnapi nnapi;
  const loader::Compilation compilation = loader::Compilation::make(model, nnapi, {}, error);
  CHECK_FALSE(compilation.run({}, {}, error));
  CHECK(error.status() == PASSERELLE_CANNOT_READ);
  loader::Error fresh;
  CHECK_FALSE(compilation.run({}, {}, fresh));
  CHECK(fresh.status() == PASSERELLE_INVALID_ARGUMENT);
}
