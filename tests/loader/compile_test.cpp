#include <algorithm>
#include <cstring>

#include "catch.h"
#include "fixture.h"
#include "passerelle/blob/file.h"
#include "passerelle/nnapi/c_api.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<unsigned char> rich_file() { return blob_test::written(blob_test::rich_graph()); }

loader::Compilation compiled(const loader::Model& model, const loader::Nnapi& nnapi,
                             const loader::CompileOptions& options = {}) {
  loader::Error error;
  loader::Compilation compilation = loader::Compilation::make(model, nnapi, options, error);
  if (!compilation) FAIL(error.message());
  return compilation;
}

/// NNAPI was told what the file says.
void check_recorded(const StandIn& stand_in, const std::vector<unsigned char>& bytes, bool from_memory) {
  const auto file = blob::File::open({bytes.data(), bytes.size()});
  REQUIRE(file);
  const blob::View& view = file->view();
  REQUIRE(stand_in.operands.size() == view.operand_count());
  for (uint32_t i = 0; i < view.operand_count(); ++i) {
    const blob::Operand expected = view.operand(i);
    const RecordedOperand& operand = stand_in.operands[i];
    INFO("operand " << i);
    CHECK(operand.type == static_cast<int32_t>(expected.type));
    CHECK(operand.dimensions == expected.dimensions.to_vector());
    CHECK(operand.scale == expected.scale);
    CHECK(operand.zero_point == expected.zero_point);
    CHECK(operand.channel_scales == expected.channel_scales.to_vector());
    CHECK(operand.channel_dimension == expected.channel_dimension);
    const bool constant = expected.storage != blob::Storage::computed && expected.storage != blob::Storage::omitted;
    CHECK(operand.has_value == constant);
    if (!constant) continue;
    CHECK(operand.from_memory == (from_memory && expected.storage == blob::Storage::window));
    std::vector<unsigned char> value(expected.byte_size);
    if (expected.storage == blob::Storage::window)
      REQUIRE(file->read(view.window(expected.window).offset + expected.offset, value.data(), value.size()));
    else
      std::memcpy(value.data(), expected.value, value.size());
    CHECK(operand.value == value);
  }
  REQUIRE(stand_in.operations.size() == view.operation_count());
  for (uint32_t i = 0; i < view.operation_count(); ++i) {
    const blob::Operation expected = view.operation(i);
    CHECK(stand_in.operations[i].type == static_cast<int32_t>(expected.type));
    REQUIRE(stand_in.operations[i].inputs.size() == expected.inputs.size());
    REQUIRE(stand_in.operations[i].outputs.size() == expected.outputs.size());
    for (uint32_t k = 0; k < expected.inputs.size(); ++k) CHECK(stand_in.operations[i].inputs[k] == expected.inputs[k]);
    for (uint32_t k = 0; k < expected.outputs.size(); ++k)
      CHECK(stand_in.operations[i].outputs[k] == expected.outputs[k]);
  }
  REQUIRE(stand_in.model_inputs.size() == view.input_count());
  for (uint32_t i = 0; i < view.input_count(); ++i) CHECK(stand_in.model_inputs[i] == view.input(i).operand);
  REQUIRE(stand_in.model_outputs.size() == view.output_count());
  for (uint32_t i = 0; i < view.output_count(); ++i) CHECK(stand_in.model_outputs[i] == view.output(i).operand);
}

}  // namespace

TEST_CASE("from a file, NNAPI maps each window itself") {
  std::vector<graph::Constant> constants;
  for (int i = 0; i < 6; ++i) constants.push_back(blob_test::counting({100}, static_cast<float>(i)));
  blob::WriteOptions options = blob_test::options(1);
  options.window_limit = 1000;
  const auto bytes = blob_test::written(blob_test::sum_graph(constants), options);
  const TemporaryFile file(bytes);
  const std::string path = library_path("4");
  StandIn& stand_in = fresh_stand_in(path);
  loader::Error error;
  const loader::Model model = loader::Model::open(file.path(), error);
  REQUIRE(model);
  REQUIRE(model.info().window_count == 3);
  {
    const loader::Compilation compilation = compiled(model, open_nnapi(path));
    check_recorded(stand_in, bytes, true);
    REQUIRE(stand_in.memories.size() == 3);
    for (const RecordedMemory& memory : stand_in.memories) {
      CHECK(memory.offset % 16384 == 0);
      CHECK(memory.size == 448 + 400);
    }
  }
  CHECK(stand_in.live_objects == 0);
}

TEST_CASE("within another file, on a page or not, NNAPI gets the same model") {
  const auto bytes = rich_file();
  for (size_t offset : {size_t{16384}, size_t{4096 + 4}, size_t{7}}) {
    std::vector<unsigned char> archive(offset + bytes.size() + 100, 'x');
    std::copy(bytes.begin(), bytes.end(), archive.begin() + static_cast<long>(offset));
    const TemporaryFile file(archive);
    const std::string path = library_path("4");
    StandIn& stand_in = fresh_stand_in(path);
    loader::Error error;
    const loader::Model model = loader::Model::open(file.descriptor(), offset, bytes.size(), error);
    REQUIRE(model);
    const loader::Compilation compilation = compiled(model, open_nnapi(path));
    INFO("offset " << offset);
    check_recorded(stand_in, bytes, offset % 16384 == 0);
    for (const RecordedOperand& operand : stand_in.operands)
      CHECK(reinterpret_cast<uintptr_t>(operand.address) % 4 == 0);
  }
}

TEST_CASE("from memory, weights stay where they are, or are aligned by a copy") {
  const auto bytes = rich_file();
  for (size_t shift : {size_t{0}, size_t{1}}) {
    std::vector<unsigned char> memory(bytes.size() + 16);
    unsigned char* begin = memory.data() + shift;
    std::copy(bytes.begin(), bytes.end(), begin);
    const std::string path = library_path("4");
    StandIn& stand_in = fresh_stand_in(path);
    loader::Error error;
    const loader::Model model = loader::Model::open(begin, bytes.size(), error);
    REQUIRE(model);
    CHECK(model.info().weights == (shift == 0 ? PASSERELLE_WEIGHTS_IN_PLACE : PASSERELLE_WEIGHTS_COPIED));
    const loader::Compilation compilation = compiled(model, open_nnapi(path));
    check_recorded(stand_in, bytes, false);
    CHECK(stand_in.memories.empty());
    for (const RecordedOperand& operand : stand_in.operands) {
      if (operand.value.size() <= 128) continue;
      const auto* address = static_cast<const unsigned char*>(operand.address);
      CHECK((address >= begin && address < begin + bytes.size()) == (shift == 0));
      CHECK(reinterpret_cast<uintptr_t>(address) % 4 == 0);
    }
  }
}

TEST_CASE("a compilation outlives its model and library") {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  const std::string path = library_path("3");
  StandIn& stand_in = fresh_stand_in(path);
  {
    loader::Compilation compilation;
    {
      const loader::Model model = open_model(bytes);
      const loader::Nnapi nnapi = open_nnapi(path);
      compilation = compiled(model, nnapi);
    }
    std::vector<float> in(120, 1), out(120);
    loader::Error error;
    CHECK(compilation.run({{in.data(), 480}}, {{out.data(), 480}}, error));
  }
  CHECK(stand_in.live_objects == 0);
}

TEST_CASE("options reach NNAPI") {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  const loader::Model model = open_model(bytes);
  const std::string path = library_path("4");
  StandIn& stand_in = fresh_stand_in(path);
  const loader::Nnapi nnapi = open_nnapi(path);

  compiled(model, nnapi);
  CHECK(stand_in.preference == -1);
  CHECK_FALSE(stand_in.relaxed);
  CHECK(stand_in.priority == 0);
  CHECK(stand_in.device == "stand-in-npu, stand-in-cpu");

  loader::CompileOptions options;
  options.device = "stand-in-cpu";
  options.preference = PASSERELLE_PREFER_SUSTAINED_SPEED;
  options.fp16 = PASSERELLE_FP16_ALLOWED;
  options.priority = PASSERELLE_PRIORITY_LOW;
  compiled(model, nnapi, options);
  CHECK(stand_in.device == "stand-in-cpu");
  CHECK(stand_in.preference == ANEURALNETWORKS_PREFER_SUSTAINED_SPEED);
  CHECK(stand_in.relaxed);
  CHECK(stand_in.priority == ANEURALNETWORKS_PRIORITY_LOW);

  stand_in.relaxed = false;
  options = {};
  options.preference = PASSERELLE_PREFER_LOW_POWER;
  compiled(model, nnapi, options);
  CHECK(stand_in.preference == ANEURALNETWORKS_PREFER_LOW_POWER);
}

TEST_CASE("fp16 is as the model says, unless the caller says otherwise") {
  graph::Module module = image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch);
  module.relax_fp16 = true;
  const auto bytes = file_of(module);
  const loader::Model model = open_model(bytes);
  StandIn& stand_in = fresh_stand_in(library_path("2"));
  compiled(model, open_nnapi(library_path("2")));
  CHECK(stand_in.relaxed);
  stand_in.relaxed = false;
  loader::CompileOptions options;
  options.fp16 = PASSERELLE_FP16_FORBIDDEN;
  compiled(model, open_nnapi(library_path("2")), options);
  CHECK_FALSE(stand_in.relaxed);
  fresh_stand_in(library_path("1"));
  compiled(model, open_nnapi(library_path("1")));  // level 1 has no such function
}

TEST_CASE("a level that is too low is told with both levels") {
  const auto bytes = rich_file();  // level 4
  const loader::Model model = open_model(bytes);
  fresh_stand_in(library_path("3"));
  loader::Error error;
  CHECK_FALSE(loader::Compilation::make(model, open_nnapi(library_path("3")), {}, error));
  CHECK(error.status() == PASSERELLE_NNAPI_TOO_OLD);
  CHECK_THAT(error.message(), ContainsSubstring("feature level 4 (Android API 30)") &&
                                  ContainsSubstring("feature level 3 (Android API 29)") &&
                                  ContainsSubstring("--feature-level 3"));

  StandIn& stand_in = fresh_stand_in(library_path("4"));
  stand_in.device_level = 29;
  loader::CompileOptions options;
  options.device = "stand-in-npu";
  CHECK_FALSE(loader::Compilation::make(model, open_nnapi(library_path("4")), options, error));
  CHECK(error.status() == PASSERELLE_NNAPI_TOO_OLD);
  CHECK_THAT(error.message(), ContainsSubstring("stand-in-npu"));
  stand_in.device_level = 30;
  compiled(model, open_nnapi(library_path("4")), options);
}

TEST_CASE("devices that there are not, and options that nobody knows") {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  const loader::Model model = open_model(bytes);
  fresh_stand_in(library_path("3"));
  const loader::Nnapi nnapi = open_nnapi(library_path("3"));
  loader::Error error;
  loader::CompileOptions options;
  options.device = "gpu";
  CHECK_FALSE(loader::Compilation::make(model, nnapi, options, error));
  CHECK(error.status() == PASSERELLE_NO_SUCH_DEVICE);
  CHECK_THAT(error.message(), ContainsSubstring("gpu") && ContainsSubstring("stand-in-npu, stand-in-cpu"));
  fresh_stand_in(library_path("2"));
  CHECK_FALSE(loader::Compilation::make(model, open_nnapi(library_path("2")), options, error));
  CHECK(error.status() == PASSERELLE_NNAPI_TOO_OLD);

  options = {};
  options.preference = 9;
  CHECK_FALSE(loader::Compilation::make(model, nnapi, options, error));
  CHECK(error.status() == PASSERELLE_INVALID_ARGUMENT);

  struct Newer {
    passerelle_compile_options known = PASSERELLE_COMPILE_OPTIONS_INIT;
    uint64_t later = 0;
  } newer;
  newer.known.struct_size = sizeof newer;
  passerelle_compilation* compilation = nullptr;
  CHECK(passerelle_compile(model.get(), nnapi.get(), &newer.known, &compilation, error.get()) == PASSERELLE_OK);
  passerelle_compilation_close(compilation);
  newer.later = 1;
  CHECK(passerelle_compile(model.get(), nnapi.get(), &newer.known, &compilation, error.get()) ==
        PASSERELLE_INVALID_ARGUMENT);
  CHECK(compilation == nullptr);
}

TEST_CASE("every failure of NNAPI while compiling has its name, and nothing is left behind") {
  const auto bytes = rich_file();
  const TemporaryFile file(bytes);
  const std::string path = library_path("4");
  StandIn& stand_in = fresh_stand_in(path);
  stand_in.device_level = 30;
  const loader::Nnapi nnapi = open_nnapi(path);
  loader::Error error;
  const loader::Model model = loader::Model::open(file.path(), error);
  REQUIRE(model);
  loader::CompileOptions with_device;
  with_device.device = "stand-in-npu";
  with_device.preference = PASSERELLE_PREFER_LOW_POWER;
  with_device.priority = PASSERELLE_PRIORITY_HIGH;
  with_device.timeout = 1000;
  with_device.cache_directory = "/tmp";
  for (const char* function :
       {"ANeuralNetworksModel_create", "ANeuralNetworksModel_addOperand", "ANeuralNetworksModel_setOperandValue",
        "ANeuralNetworksModel_setOperandValueFromMemory", "ANeuralNetworksMemory_createFromFd",
        "ANeuralNetworksModel_setOperandSymmPerChannelQuantParams", "ANeuralNetworksModel_addOperation",
        "ANeuralNetworksModel_identifyInputsAndOutputs", "ANeuralNetworksModel_relaxComputationFloat32toFloat16",
        "ANeuralNetworksModel_finish", "ANeuralNetworksCompilation_create",
        "ANeuralNetworksCompilation_createForDevices", "ANeuralNetworksCompilation_setPreference",
        "ANeuralNetworksModel_getSupportedOperationsForDevices", "ANeuralNetworksCompilation_setPriority",
        "ANeuralNetworksCompilation_setTimeout", "ANeuralNetworksCompilation_setCaching",
        "ANeuralNetworksCompilation_finish"}) {
    INFO(function);
    stand_in.reset();
    stand_in.failures[function] = 4;
    loader::CompileOptions without_list;
    without_list.reference = PASSERELLE_REFERENCE_ALLOWED;
    const bool plain = function == std::string("ANeuralNetworksCompilation_create");
    const loader::Compilation compilation =
        loader::Compilation::make(model, nnapi, plain ? without_list : with_device, error);
    CHECK_FALSE(compilation);
    CHECK(error.status() == PASSERELLE_NNAPI_FAILED);
    CHECK(error.nnapi_result() == 4);
    CHECK_THAT(error.message(), ContainsSubstring(function) && ContainsSubstring("BAD_DATA (4)"));
    CHECK(stand_in.live_objects == 0);
  }
}

TEST_CASE("an operation that NNAPI refuses is told with its place in the Python program") {
  const auto bytes = rich_file();
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  stand_in.failures["ANeuralNetworksModel_addOperation"] = 4;
  loader::Error error;
  CHECK_FALSE(loader::Compilation::make(open_model(bytes), open_nnapi(library_path("4")), {}, error));
  CHECK_THAT(error.message(),
             ContainsSubstring("operation 0 (CONV_2D, from aten::conv2d of features.0, réseau.py:10)"));
}

TEST_CASE("altered weights are found before NNAPI sees them, unless the caller trusts the file") {
  auto bytes = rich_file();
  bytes.back() ^= 1;
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  const loader::Model model = open_model(bytes);
  const loader::Nnapi nnapi = open_nnapi(library_path("4"));
  loader::Error error;
  CHECK_FALSE(loader::Compilation::make(model, nnapi, {}, error));
  CHECK(error.status() == PASSERELLE_DAMAGED_MODEL);
  CHECK_THAT(error.message(), ContainsSubstring("weights were altered"));
  CHECK_FALSE(stand_in.called("ANeuralNetworksModel_create"));
  loader::CompileOptions trusting;
  trusting.skip_weight_check = 1;
  compiled(model, nnapi, trusting);
}
