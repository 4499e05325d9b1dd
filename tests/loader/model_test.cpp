#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "catch.h"
#include "fixture.h"
#include "model.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<uint32_t> list(const uint32_t* shape, uint32_t rank) { return {shape, shape + rank}; }

passerelle_status open_status(const std::vector<unsigned char>& bytes, std::string* message = nullptr) {
  loader::Error error;
  const loader::Model model = loader::Model::open(bytes.data(), bytes.size(), error);
  CHECK_FALSE(model);
  if (message) *message = error.message();
  return error.status();
}

}  // namespace

TEST_CASE("a program of 32 bits takes models that end below 2 GiB, one of 64 bits all") {
  constexpr uint64_t gib = uint64_t{1} << 30;
  struct Row {
    uint64_t offset, size;
    bool with_32_bits, with_64_bits;
  };
  for (const Row& row : {Row{0, 2 * gib - 1, true, true}, Row{0, 2 * gib, false, true}, Row{gib, gib - 1, true, true},
                         Row{gib, gib, false, true}, Row{2 * gib, 1, false, true}, Row{4 * gib, 1, false, true},
                         Row{0, 4 * gib + 1, false, true}, Row{4 * gib - 1, UINT64_MAX, false, false},
                         Row{UINT64_MAX, 1, false, false}}) {
    INFO(row.offset << " + " << row.size);
    CHECK(loader::is_in_reach(row.offset, row.size, 4) == row.with_32_bits);
    CHECK(loader::is_in_reach(row.offset, row.size, 8) == row.with_64_bits);
  }
}

TEST_CASE("a file of more than 4 GiB is opened and compiled, or refused by a program of 32 bits") {
  // The large part is a hole before the model, as in an archive.
  const auto bytes = blob_test::written(blob_test::rich_graph());
  const TemporaryFolder folder;
  const int descriptor = ::open64((folder / "large").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(descriptor >= 0);
  const uint64_t offset = (uint64_t{5} << 30) + 16384;
  if (::pwrite64(descriptor, bytes.data(), bytes.size(), static_cast<off64_t>(offset)) < 0) {
    WARN("skipped: no file of 5 GiB can be made here: " << std::strerror(errno));
    ::close(descriptor);
    return;
  }
  loader::Error error;
  const loader::Model model = loader::Model::open(descriptor, offset, bytes.size(), error);
  ::close(descriptor);  // the model has its own
  if (sizeof(void*) == 4) {
    CHECK_FALSE(model);
    CHECK(error.status() == PASSERELLE_OUT_OF_MEMORY);
    CHECK_THAT(error.message(), ContainsSubstring("a program of 32 bits reaches 2147483647"));
    return;
  }
  REQUIRE(model);
  const loader::Compilation compilation = loader::Compilation::make(model, open_nnapi(library_path("4")), {}, error);
  INFO(error.message());
  CHECK(compilation);
}

TEST_CASE("a model describes itself") {
  const auto bytes = blob_test::written(blob_test::rich_graph());
  const loader::Model model = open_model(bytes);
  const passerelle_model_info info = model.info();
  CHECK(info.producer == std::string("test"));
  CHECK(info.format_major == 1);
  CHECK(info.feature_level == 4);
  CHECK(info.input_count == 5);
  CHECK(info.output_count == 4);
  CHECK(info.operation_count == 7);
  CHECK(info.window_count == 1);
  CHECK(info.weights_size == 16 * 3 * 3 * 3 * 4);
  CHECK(info.relax_fp16 == 1);
}

TEST_CASE("ports say what lies in the caller's buffers") {
  const auto bytes = blob_test::written(blob_test::rich_graph());
  const loader::Model model = open_model(bytes);

  const passerelle_port_info x = model.input(0);
  CHECK(x.name == std::string("x"));
  CHECK(x.dtype == PASSERELLE_FLOAT32);
  CHECK(x.buffer_dtype == PASSERELLE_FLOAT32);
  CHECK(list(x.shape, x.rank) == std::vector<uint32_t>{1, 3, 8, 6});
  CHECK(list(x.buffer_shape, x.rank) == std::vector<uint32_t>{1, 3, 8, 6});
  CHECK(x.layout == PASSERELLE_LAYOUT_AS_PYTORCH);
  CHECK(x.nnapi_layout == PASSERELLE_LAYOUT_CHANNELS_LAST);
  CHECK(x.byte_size == 144 * 4);

  const passerelle_port_info output = model.output(0);
  CHECK(list(output.shape, output.rank) == std::vector<uint32_t>{1, 32, 16, 12});
  CHECK(list(output.buffer_shape, output.rank) == std::vector<uint32_t>{1, 16, 12, 32});
  CHECK(output.layout == PASSERELLE_LAYOUT_CHANNELS_LAST);

  const passerelle_port_info image = model.input(1);
  CHECK(image.dtype == PASSERELLE_QUINT8);
  CHECK(image.buffer_dtype == PASSERELLE_QUINT8);
  CHECK(image.scale == 0.5f);
  CHECK(image.zero_point == 128);
  CHECK(image.byte_size == 16);

  const passerelle_port_info sequence = model.input(2);
  CHECK(sequence.dtype == PASSERELLE_FLOAT64);
  CHECK(sequence.buffer_dtype == PASSERELLE_FLOAT32);
  CHECK(sequence.byte_size == 6 * 4);

  const passerelle_port_info count = model.input(4);
  CHECK(count.rank == 0);
  CHECK(count.dtype == PASSERELLE_INT64);
  CHECK(count.buffer_dtype == PASSERELLE_INT32);
  CHECK(count.byte_size == 4);
  CHECK(passerelle_dtype_name(count.dtype) == std::string("int64"));
}

TEST_CASE("operations say where they came from") {
  const auto bytes = blob_test::written(blob_test::rich_graph());
  const loader::Model model = open_model(bytes);
  const passerelle_operation_info operation = model.operation(0);
  CHECK(operation.name == std::string("CONV_2D"));
  CHECK(operation.type == 3);
  CHECK(operation.input_count == 10);
  CHECK(operation.output_count == 1);
  CHECK(operation.op == std::string("aten::conv2d"));
  CHECK(operation.module_path == std::string("features.0"));
  CHECK(operation.source_file == std::string("réseau.py"));
  CHECK(operation.source_line == 10);
  CHECK(model.operation(7).name == nullptr);
}

TEST_CASE("where the weights are decides how NNAPI gets them") {
  const auto bytes = blob_test::written(blob_test::rich_graph());
  const long page = ::sysconf(_SC_PAGESIZE);
  struct Row {
    size_t offset;
    passerelle_weights expected;
  };
  const Row rows[] = {{0, PASSERELLE_WEIGHTS_FROM_FILE},
                      {static_cast<size_t>(page), PASSERELLE_WEIGHTS_FROM_FILE},
                      {64, PASSERELLE_WEIGHTS_IN_PLACE},
                      {4, PASSERELLE_WEIGHTS_IN_PLACE},
                      {3, PASSERELLE_WEIGHTS_COPIED}};
  for (const Row& row : rows) {
    std::vector<unsigned char> archive(row.offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), archive.begin() + static_cast<long>(row.offset));
    const TemporaryFile file(archive);
    loader::Error error;
    const loader::Model model = loader::Model::open(file.descriptor(), row.offset, bytes.size(), error);
    INFO(error.message());
    REQUIRE(model);
    CHECK(model.info().weights == row.expected);
    CHECK(model.verify_weights(error));
  }
}

TEST_CASE("each way not to open has its status") {
  loader::Error error;
  CHECK_FALSE(loader::Model::open("/nonexistent/m.nnapi", error));
  CHECK(error.status() == PASSERELLE_CANNOT_READ);
  CHECK_THAT(error.message(), ContainsSubstring("/nonexistent/m.nnapi") && ContainsSubstring("no such file"));

  CHECK(open_status(std::vector<unsigned char>(100, 'z')) == PASSERELLE_NOT_A_MODEL);
  const auto bytes = blob_test::written(blob_test::rich_graph());
  std::string message;
  CHECK(open_status({bytes.begin(), bytes.end() - 1}, &message) == PASSERELLE_DAMAGED_MODEL);
  CHECK_THAT(message, ContainsSubstring("bytes instead of"));
  auto altered = bytes;
  altered[200] ^= 1;
  CHECK(open_status(altered) == PASSERELLE_DAMAGED_MODEL);

  auto weights = bytes;
  weights.back() ^= 1;
  const loader::Model model = open_model(weights);
  CHECK_FALSE(model.verify_weights(error));
  CHECK(error.status() == PASSERELLE_DAMAGED_MODEL);
}

TEST_CASE("misuse is told, with and without an error to fill in") {
  passerelle_error error;
  passerelle_model* model = nullptr;
  CHECK(passerelle_model_open_path(nullptr, &model, &error) == PASSERELLE_INVALID_ARGUMENT);
  CHECK(error.status == PASSERELLE_INVALID_ARGUMENT);
  CHECK(passerelle_model_open_path("x", nullptr, nullptr) == PASSERELLE_INVALID_ARGUMENT);
  CHECK(passerelle_model_open_memory(nullptr, 10, &model, nullptr) == PASSERELLE_INVALID_ARGUMENT);
  CHECK(passerelle_model_open_memory("", 0, &model, nullptr) == PASSERELLE_NOT_A_MODEL);
  CHECK(passerelle_model_describe(nullptr, nullptr, &error) == PASSERELLE_INVALID_ARGUMENT);
  passerelle_model_close(nullptr);
  passerelle_nnapi_close(nullptr);
  passerelle_compilation_close(nullptr);
  CHECK(passerelle_nnapi_feature_level(nullptr) == 0);
  CHECK(passerelle_status_name(99) == std::string("an unknown status"));
}

TEST_CASE("structs of older and newer callers are filled as far as both know them") {
  const auto bytes = blob_test::written(blob_test::rich_graph());
  const loader::Model model = open_model(bytes);
  struct Newer {
    passerelle_model_info known;
    uint64_t later;
  } newer;
  std::memset(&newer, 0xAB, sizeof newer);
  newer.known.struct_size = sizeof newer;
  REQUIRE(passerelle_model_describe(model.get(), &newer.known, nullptr) == PASSERELLE_OK);
  CHECK(newer.known.input_count == 5);
  CHECK(newer.later == 0);
  CHECK(newer.known.struct_size == sizeof newer);

  passerelle_model_info older;
  std::memset(&older, 0xAB, sizeof older);
  older.struct_size = offsetof(passerelle_model_info, input_count);
  REQUIRE(passerelle_model_describe(model.get(), &older, nullptr) == PASSERELLE_OK);
  CHECK(older.feature_level == 4);
  CHECK(older.input_count == 0xABABABAB);

  older.struct_size = 0;
  CHECK(passerelle_model_describe(model.get(), &older, nullptr) == PASSERELLE_INVALID_ARGUMENT);
}

TEST_CASE("a long message is cut between characters") {
  const std::string path = "/nonexistent/" + std::string(1005, 'a') + std::string("éééééééééééééé");
  passerelle_error error;
  passerelle_model* model = nullptr;
  CHECK(passerelle_model_open_path(path.c_str(), &model, &error) == PASSERELLE_CANNOT_READ);
  const std::string message = error.message;
  REQUIRE(message.size() < PASSERELLE_MESSAGE_SIZE);
  CHECK(message.size() >= PASSERELLE_MESSAGE_SIZE - 2);
  CHECK((static_cast<unsigned char>(message.back()) == 0xA9 || message.back() == 'a'));  // the end of an é
}
