#include "options.h"
#include "catch.h"

using Catch::Matchers::ContainsSubstring;

#include <cstring>

using namespace passerelle;
using runner::Options;

namespace {

Options parsed(const std::vector<std::string>& arguments) {
  Expected<Options> options = runner::parse(arguments);
  if (!options) FAIL(options.error().message);
  return *options;
}

}  // namespace

TEST_CASE("options reach the loader") {
  const Options options = parsed({"m.nnapi",
                                  "--bench",
                                  "--device",
                                  "npu",
                                  "--device-type=gpu",
                                  "--reference",
                                  "never",
                                  "--preference",
                                  "low-power",
                                  "--priority",
                                  "high",
                                  "--fp16=no",
                                  "--cache-dir",
                                  "c",
                                  "--crash-dir",
                                  "d",
                                  "--compile-timeout",
                                  "3",
                                  "--timeout",
                                  "4",
                                  "--runs",
                                  "9",
                                  "--warm-up",
                                  "0",
                                  "--seconds",
                                  "1.5",
                                  "--format",
                                  "json",
                                  "--input",
                                  "a.npy",
                                  "--input=b.npy"});
  const loader::CompileOptions compile = options.compile_options();
  CHECK(std::strcmp(compile.device, "npu") == 0);
  CHECK(compile.device_type == PASSERELLE_DEVICE_GPU);
  CHECK(compile.reference == PASSERELLE_REFERENCE_FORBIDDEN);
  CHECK(compile.preference == PASSERELLE_PREFER_LOW_POWER);
  CHECK(compile.priority == PASSERELLE_PRIORITY_HIGH);
  CHECK(compile.fp16 == PASSERELLE_FP16_FORBIDDEN);
  CHECK(std::strcmp(compile.cache_directory, "c") == 0);
  CHECK(std::strcmp(compile.crash_directory, "d") == 0);
  CHECK(compile.timeout == 3'000'000);
  CHECK(options.run_timeout == 4'000'000);
  CHECK(options.benching.repetitions == 9);
  CHECK(options.benching.warm_up == 0);
  CHECK(options.benching.seconds == 1.5);
  CHECK(options.json);
  CHECK(options.inputs == std::vector<std::string>{"a.npy", "b.npy"});
  CHECK(parsed({"--bench", "--", "--odd.nnapi"}).file == "--odd.nnapi");
  CHECK(parsed({"--devices"}).compile_options().device == nullptr);
}

TEST_CASE("what can't be understood is told") {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"m.nnapi"},
           {"m.nnapi", "n.nnapi", "--bench"},
           {"m.nnapi", "--bench", "--nonsense"},
           {"m.nnapi", "--bench", "--runs"},
           {"m.nnapi", "--bench", "--runs", "0"},
           {"m.nnapi", "--bench", "--runs", "1x"},
           {"m.nnapi", "--bench", "--seconds", "nan"},
           {"m.nnapi", "--bench", "--seconds", "-1"},
           {"m.nnapi", "--bench", "--reference", "perhaps"},
           {"m.nnapi", "--bench", "--format", "xml"},
           {"m.nnapi", "--bench", "--device", ""},
       }) {
    const Expected<Options> options = runner::parse(arguments);
    REQUIRE_FALSE(options);
    CHECK(options.error().kind == ErrorKind::usage);
    CHECK_THAT(options.error().message, ContainsSubstring("--help"));
  }
}

TEST_CASE("help names every option") {
  for (const char* name : {"--input", "--bench", "--device-type", "--crash-dir", "--where", "--seconds"})
    CHECK_THAT(runner::help(), ContainsSubstring(name));
}
