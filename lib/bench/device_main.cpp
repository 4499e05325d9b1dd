// passerelle-bench: how long a .nnapi file takes, on a device. As the bench command of the desktop measures it.
//
//     adb push passerelle-bench model.nnapi /data/local/tmp
//     adb shell /data/local/tmp/passerelle-bench /data/local/tmp/model.nnapi [--device NAME] [--repetitions N]
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "passerelle/bench/nnapi_runner.h"
#include "passerelle/bench/timing.h"

using namespace passerelle;

namespace {

constexpr const char* usage =
    "usage: passerelle-bench FILE.nnapi [--nnapi LIB.so] [--device NAME] [--warm-up N] [--repetitions N]\n"
    "Prints one JSON document: seconds of each run, their median, processors in use, seconds of compiling.\n";

struct Arguments {
  const char* file = nullptr;
  const char* library = nullptr;
  const char* device = nullptr;
  bench::Options options;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const auto is = [&](const char* name) { return std::strcmp(argv[i], name) == 0 && i + 1 < argc; };
    if (is("--nnapi"))
      arguments.library = argv[++i];
    else if (is("--device"))
      arguments.device = argv[++i];
    else if (is("--warm-up"))
      arguments.options.warm_up = std::atoi(argv[++i]);
    else if (is("--repetitions"))
      arguments.options.repetitions = std::atoi(argv[++i]);
    else if (argv[i][0] != '-' && arguments.file == nullptr)
      arguments.file = argv[i];
    else
      return false;
  }
  return arguments.file != nullptr && arguments.options.repetitions > 0 && arguments.options.warm_up >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fputs(usage, stderr);
    return 2;
  }
  loader::Error error;
  bench::NnapiRunner runner = bench::NnapiRunner::make(arguments.file, arguments.library, arguments.device, error);
  bool succeeded = static_cast<bool>(runner);
  bench::Timing timing;
  if (succeeded) timing = bench::measure([&] { return runner.run(error); }, arguments.options, succeeded);
  if (!succeeded) {
    std::fprintf(stderr, "passerelle-bench: %s\n", error.message());
    return 6;
  }
  std::printf(
      "{\"median_seconds\": %.9f, \"quartile_seconds\": [%.9f, %.9f], \"cpu_use\": %.3f, \"compile_seconds\": %.6f, "
      "\"seconds\": [",
      timing.median(), timing.quantile(0.25), timing.quantile(0.75), timing.cpu_use(), runner.compile_seconds());
  for (size_t i = 0; i < timing.seconds.size(); ++i) std::printf("%s%.9f", i == 0 ? "" : ", ", timing.seconds[i]);
  std::printf("]}\n");
  return 0;
}
