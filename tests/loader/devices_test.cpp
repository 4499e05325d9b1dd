#include "catch.h"
#include "fixture.h"
#include "passerelle/nnapi/c_api.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr int32_t conv_2d = 3, svdf = 27;
const StandInDevice npu{"npu", ANEURALNETWORKS_DEVICE_ACCELERATOR, "1", {svdf}};
const StandInDevice gpu{"gpu", ANEURALNETWORKS_DEVICE_GPU, "2", {conv_2d, svdf}};
const StandInDevice reference{"nnapi-reference", ANEURALNETWORKS_DEVICE_CPU};

/// A stand-in of level 4 with these devices.
StandIn& stand_in_with(std::vector<StandInDevice> devices) {
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  stand_in.devices = std::move(devices);
  return stand_in;
}

struct Made {
  loader::Model model;
  loader::Compilation compilation;
  loader::Error error;
};

/// rich_graph: seven operations, one of them a CONV_2D, one an SVDF.
Made make(const loader::CompileOptions& options) {
  static const std::vector<unsigned char> bytes = blob_test::written(blob_test::rich_graph());
  Made made;
  made.model = open_model(bytes);
  made.compilation = loader::Compilation::make(made.model, open_nnapi(library_path("4")), options, made.error);
  return made;
}

}  // namespace

TEST_CASE("the reference device takes only what no other device can, and last") {
  StandIn& stand_in = stand_in_with({reference, npu, gpu});
  const Made made = make({});
  REQUIRE(made.compilation);
  CHECK(stand_in.device == "npu, gpu, nnapi-reference");
  const passerelle_compilation_info info = made.compilation.info();
  CHECK(info.devices == 0b111);
  CHECK(info.reference_operations == 1);
  CHECK(info.only_reference == 0);
  CHECK(info.retried == 0);

  StandInDevice able = npu;
  able.unsupported.clear();
  StandIn& able_stand_in = stand_in_with({reference, able});
  const Made without = make({});
  REQUIRE(without.compilation);
  CHECK(able_stand_in.device == "npu");
  CHECK(without.compilation.info().reference_operations == 0);
}

TEST_CASE("where the reference device is all there is, it is used and said so") {
  StandIn& stand_in = stand_in_with({reference});
  const Made made = make({});
  REQUIRE(made.compilation);
  CHECK(stand_in.device == "nnapi-reference");
  CHECK(made.compilation.info().only_reference == 1);
  CHECK(made.compilation.info().reference_operations == 7);
  CHECK(open_nnapi(library_path("4")).devices()[0].is_reference == 1);

  StandInDevice useless = npu;
  for (const RecordedOperation& operation : stand_in.operations) useless.unsupported.push_back(operation.type);
  StandIn& other = stand_in_with({useless, reference});
  const Made beside = make({});
  REQUIRE(beside.compilation);
  CHECK(other.device == "nnapi-reference");
  CHECK(beside.compilation.info().only_reference == 1);
}

TEST_CASE("without the reference device, what nothing runs is told with its place") {
  loader::CompileOptions options;
  options.reference = PASSERELLE_REFERENCE_FORBIDDEN;
  stand_in_with({npu, gpu, reference});
  const Made made = make(options);
  CHECK(made.error.status() == PASSERELLE_UNSUPPORTED);
  CHECK_THAT(made.error.message(), ContainsSubstring("npu, gpu cannot run operation") && ContainsSubstring("SVDF"));
  options.device = "gpu";
  const Made named = make(options);
  CHECK(named.error.status() == PASSERELLE_UNSUPPORTED);
  CHECK_THAT(named.error.message(),
             ContainsSubstring("CONV_2D") && ContainsSubstring("réseau.py:10") && ContainsSubstring("and 1 more of 7"));
  options.device = nullptr;
  stand_in_with({reference});
  CHECK(make(options).error.status() == PASSERELLE_NO_SUCH_DEVICE);
}

TEST_CASE("devices can be chosen by their kind") {
  loader::CompileOptions options;
  options.device_type = PASSERELLE_DEVICE_GPU;
  StandIn& stand_in = stand_in_with({npu, gpu, reference});
  const Made made = make(options);
  REQUIRE(made.compilation);
  CHECK(stand_in.device == "gpu, nnapi-reference");
  CHECK(made.compilation.info().devices == 0b110);
  CHECK(made.compilation.info().reference_operations == 2);
  options.device_type = PASSERELLE_DEVICE_OTHER;
  const Made none = make(options);
  CHECK(none.error.status() == PASSERELLE_NO_SUCH_DEVICE);
  CHECK_THAT(none.error.message(), ContainsSubstring("npu, gpu, nnapi-reference"));
}

TEST_CASE("NNAPI chooses where it is asked to") {
  loader::CompileOptions options;
  options.reference = PASSERELLE_REFERENCE_ALLOWED;
  StandIn& stand_in = stand_in_with({npu, reference});
  const Made made = make(options);
  REQUIRE(made.compilation);
  CHECK(stand_in.called("ANeuralNetworksCompilation_create"));
  CHECK_FALSE(stand_in.called("ANeuralNetworksCompilation_createForDevices"));
  CHECK(made.compilation.info().devices == 0);
  options.device = "npu";
  CHECK(make(options).error.status() == PASSERELLE_INVALID_ARGUMENT);
}

TEST_CASE("each operation's devices can be asked for") {
  stand_in_with({npu, gpu, reference});
  const Made made = make({});
  REQUIRE(made.compilation);
  loader::Error error;
  const std::vector<uint64_t> sets = made.compilation.query_devices(made.model, error);
  REQUIRE(sets.size() == 7);
  for (uint32_t i = 0; i < 7; ++i) {
    const int32_t type = made.model.operation(i).type;
    CHECK(sets[i] == (type == conv_2d ? 0b101u : type == svdf ? 0b100u : 0b111u));
  }
  uint64_t too_few[3];
  CHECK(passerelle_compilation_query_devices(made.compilation.get(), too_few, 3, error.get()) ==
        PASSERELLE_INVALID_ARGUMENT);
  CHECK_THAT(error.message(), ContainsSubstring("7 operations"));
}

TEST_CASE("below level 3 NNAPI chooses, and what promises a device is refused") {
  const auto bytes = file_of(image_graph(graph::Layout::as_pytorch, graph::Layout::as_pytorch));
  const loader::Model model = open_model(bytes);
  fresh_stand_in(library_path("2"));
  const loader::Nnapi nnapi = open_nnapi(library_path("2"));
  loader::Error error;
  loader::CompileOptions options;
  options.priority = PASSERELLE_PRIORITY_HIGH;
  options.cache_directory = "/tmp";
  options.fp16 = PASSERELLE_FP16_ALLOWED;
  const loader::Compilation compilation = loader::Compilation::make(model, nnapi, options, error);
  REQUIRE(compilation);
  CHECK(compilation.info().ignored_features == (PASSERELLE_FEATURE_PRIORITY | PASSERELLE_FEATURE_CACHING));
  CHECK(compilation.query_devices(model, error).empty());
  CHECK(error.status() == PASSERELLE_NNAPI_TOO_OLD);

  const auto refused = [&](const loader::CompileOptions& wanted) {
    CHECK_FALSE(loader::Compilation::make(model, nnapi, wanted, error));
    CHECK(error.status() == PASSERELLE_NNAPI_TOO_OLD);
  };
  loader::CompileOptions by_type;
  by_type.device_type = PASSERELLE_DEVICE_GPU;
  refused(by_type);
  loader::CompileOptions forbidding;
  forbidding.reference = PASSERELLE_REFERENCE_FORBIDDEN;
  refused(forbidding);
  loader::CompileOptions in_time;
  in_time.timeout = 1;
  refused(in_time);
}

TEST_CASE("a driver that accepts a model and fails to compile it gets a second try, without a list") {
  StandIn& stand_in = stand_in_with({npu, gpu, reference});
  stand_in.failures["ANeuralNetworksCompilation_createForDevices"] = 5;
  const Made made = make({});
  REQUIRE(made.compilation);
  const passerelle_compilation_info info = made.compilation.info();
  CHECK(info.retried == 1);
  CHECK(info.devices == 0);
  CHECK_THAT(info.retry_reason, ContainsSubstring("OP_FAILED (5)") && ContainsSubstring("npu, gpu, nnapi-reference"));
  CHECK(stand_in.count("ANeuralNetworksCompilation_create") == 1);
  CHECK(stand_in.count("ANeuralNetworksModel_create") == 1);

  loader::CompileOptions once;
  once.no_retry = 1;
  CHECK(make(once).error.status() == PASSERELLE_NNAPI_FAILED);
  loader::CompileOptions named;
  named.device = "npu";
  stand_in.devices[0].unsupported.clear();
  CHECK(make(named).error.status() == PASSERELLE_NNAPI_FAILED);
  stand_in.failures = {{"ANeuralNetworksCompilation_finish", 5}};
  const Made twice = make({});
  CHECK(twice.error.status() == PASSERELLE_NNAPI_FAILED);
  CHECK_THAT(twice.error.message(), ContainsSubstring("stand_in_4.so cannot compile the model"));
  CHECK(stand_in.count("ANeuralNetworksCompilation_create") == 2);
}

TEST_CASE("timeouts need exactly one device") {
  StandIn& stand_in = stand_in_with({npu, gpu, reference});
  loader::CompileOptions options;
  options.timeout = 5000;
  const Made many = make(options);
  CHECK(many.error.status() == PASSERELLE_INVALID_ARGUMENT);
  CHECK_THAT(many.error.message(), ContainsSubstring("3 were chosen"));
  options.device = "nnapi-reference";
  CHECK(make(options).compilation);
  CHECK(stand_in.compile_timeout == 5000);
  stand_in.failures["ANeuralNetworksCompilation_finish"] = ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT;
  const Made late = make(options);
  CHECK(late.error.status() == PASSERELLE_TIMED_OUT);
  CHECK(late.error.nnapi_result() == ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT);
}
