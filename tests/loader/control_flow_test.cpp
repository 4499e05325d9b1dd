// Files with branches and loops: several models in NNAPI, which devices run them, and how long a loop may take.
#include "catch.h"
#include "fixture.h"
#include "passerelle/nnapi/c_api.h"
#include "passerelle/nnapi/operation_type.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<unsigned char> branching_file() { return blob_test::written(blob_test::branching_module()); }

constexpr auto if_code = static_cast<int32_t>(nnapi::OperationType::IF);
constexpr auto while_code = static_cast<int32_t>(nnapi::OperationType::WHILE);

struct Ran {
  loader::Compilation compilation;
  loader::Error error;
};

Ran compiled_on(const std::string& level, const std::vector<unsigned char>& bytes,
                const loader::CompileOptions& options = {}) {
  Ran made;
  const loader::Model model = open_model(bytes);
  made.compilation = loader::Compilation::make(model, open_nnapi(library_path(level)), options, made.error);
  return made;
}

}  // namespace

TEST_CASE("what a file refers to is built once each, before the model itself") {
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  const auto bytes = branching_file();
  {
    const Ran made = compiled_on("4", bytes);
    INFO(made.error.message());
    REQUIRE(made.compilation);
    CHECK(stand_in.count("ANeuralNetworksModel_create") == 5);
    CHECK(stand_in.count("ANeuralNetworksModel_finish") == 5);
    CHECK(stand_in.count("ANeuralNetworksModel_setOperandValueFromModel") == 6);
    // The model itself came last: operands 2 and 3 are its IF's branches.
    CHECK(stand_in.operands[2].address != stand_in.operands[3].address);
    CHECK(stand_in.model_inputs == std::vector<uint32_t>{0, 1});
  }
  CHECK(stand_in.live_objects == 0);
}

TEST_CASE("below level 4 there are no branches and loops") {
  fresh_stand_in(library_path("3"));
  const Ran made = compiled_on("3", branching_file());
  CHECK(made.error.status() == PASSERELLE_NNAPI_TOO_OLD);
  CHECK_THAT(made.error.message(), ContainsSubstring("feature level 4"));
}

TEST_CASE("where the named device has no control flow, NNAPI's own interprets it") {
  StandIn& stand_in = fresh_stand_in(library_path("4"));
  stand_in.devices = {{"npu", 4, "1", {if_code, while_code}}, {"nnapi-reference", 2}};
  loader::CompileOptions options;
  options.device = "npu";
  const auto bytes = branching_file();
  const Ran made = compiled_on("4", bytes, options);
  INFO(made.error.message());
  REQUIRE(made.compilation);
  CHECK(stand_in.device == "npu, nnapi-reference");
  options.reference = PASSERELLE_REFERENCE_FORBIDDEN;
  CHECK(compiled_on("4", bytes, options).error.status() == PASSERELLE_UNSUPPORTED);
}
