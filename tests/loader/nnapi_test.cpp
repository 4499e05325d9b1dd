#include "catch.h"
#include "fixture.h"

using namespace passerelle;
using namespace passerelle::loader_test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the feature level is what the library says, or what its functions show") {
  for (uint32_t level = 1; level <= 4; ++level) {
    const std::string path = library_path(std::to_string(level));
    fresh_stand_in(path);
    const loader::Nnapi nnapi = open_nnapi(path);
    CHECK(nnapi.feature_level() == level);
    CHECK(nnapi.devices().size() == (level >= 3 ? 2 : 0));
  }
  // Each level's functions show in the features.
  constexpr uint32_t level_3 = PASSERELLE_FEATURE_DEVICES | PASSERELLE_FEATURE_CACHING | PASSERELLE_FEATURE_BURST |
                               PASSERELLE_FEATURE_TIMING | PASSERELLE_FEATURE_HARDWARE_BUFFERS;
  constexpr uint32_t level_4 = PASSERELLE_FEATURE_PRIORITY | PASSERELLE_FEATURE_TIMEOUT;
  const uint32_t added[] = {0, PASSERELLE_FEATURE_FP16, level_3, level_4, PASSERELLE_FEATURE_REUSE};
  uint32_t features = 0;
  for (int level = 1; level <= 5; ++level) {
    features |= added[level - 1];
    CHECK(open_nnapi(library_path(std::to_string(level))).features() == features);
  }
  StandIn& stand_in = fresh_stand_in(library_path("5"));
  struct Row {
    int64_t number;
    uint32_t level;
  };
  for (const Row& row : {Row{31, 5}, Row{33, 5}, Row{30, 4}, Row{1000006, 6}, Row{1000008, 8}, Row{1000011, 8}}) {
    stand_in.runtime_level = row.number;
    CHECK(open_nnapi(library_path("5")).feature_level() == row.level);
  }
  stand_in.runtime_level = 20;
  loader::Error error;
  CHECK_FALSE(loader::Nnapi::open(library_path("5").c_str(), error));
  CHECK(error.status() == PASSERELLE_NNAPI_MISSING);
}

TEST_CASE("devices are described") {
  StandIn& stand_in = fresh_stand_in(library_path("3"));
  stand_in.device_level = 28;
  const auto devices = open_nnapi(library_path("3")).devices();
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].name == std::string("stand-in-npu"));
  CHECK(devices[0].version == std::string("1.2"));
  CHECK(devices[0].type == PASSERELLE_DEVICE_ACCELERATOR);
  CHECK(devices[0].feature_level == 2);
  CHECK(devices[1].type == PASSERELLE_DEVICE_CPU);
}

TEST_CASE("a device that cannot be described is an error") {
  for (const char* function :
       {"ANeuralNetworks_getDeviceCount", "ANeuralNetworks_getDevice", "ANeuralNetworksDevice_getName",
        "ANeuralNetworksDevice_getVersion", "ANeuralNetworksDevice_getType", "ANeuralNetworksDevice_getFeatureLevel"}) {
    StandIn& stand_in = fresh_stand_in(library_path("3"));
    stand_in.failures[function] = 14;
    loader::Error error;
    CHECK_FALSE(loader::Nnapi::open(library_path("3").c_str(), error));
    CHECK(error.status() == PASSERELLE_NNAPI_FAILED);
    CHECK(error.nnapi_result() == 14);
    CHECK_THAT(error.message(), ContainsSubstring(function) && ContainsSubstring("DEAD_OBJECT (14)"));
  }
}

TEST_CASE("a library that is missing, or is something else, is told by name") {
  loader::Error error;
  CHECK_FALSE(loader::Nnapi::open("/nonexistent/libneuralnetworks.so", error));
  CHECK(error.status() == PASSERELLE_NNAPI_MISSING);
  CHECK_THAT(error.message(), ContainsSubstring("/nonexistent/libneuralnetworks.so"));

  CHECK_FALSE(loader::Nnapi::open("libm.so.6", error));
  CHECK(error.status() == PASSERELLE_NNAPI_MISSING);
  CHECK_THAT(error.message(), ContainsSubstring("libm.so.6") && ContainsSubstring("ANeuralNetworksModel_create"));

  CHECK_FALSE(loader::Nnapi::open(library_path("incomplete").c_str(), error));
  CHECK(error.status() == PASSERELLE_NNAPI_MISSING);
  CHECK_THAT(error.message(), ContainsSubstring("ANeuralNetworksModel_finish"));
}
