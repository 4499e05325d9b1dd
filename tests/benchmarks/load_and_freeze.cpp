// load_and_freeze MODEL.pt: what LibTorch alone takes to load a model and freeze it, which `passerelle convert` is
// measured by. Prints the seconds since main() and the most memory that was resident, the program's libraries included.
#include <sys/resource.h>
#include <torch/script.h>

#include <chrono>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "load_and_freeze MODEL.pt\n");
    return 2;
  }
  try {
    const auto begin = std::chrono::steady_clock::now();
    torch::jit::Module module = torch::jit::load(argv[1], at::kCPU);
    module.eval();
    module = torch::jit::freeze(module);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%.3f s, %.1f MiB\n", passed.count(), static_cast<double>(usage.ru_maxrss) / 1024);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "load_and_freeze: %s\n", exception.what());
    return 1;
  }
}
