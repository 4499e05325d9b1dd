// Converts archives that were mutated, each in a process of its own. A crash, an escaped exception, "a bug in
// passerelle" and a complaint that is not one sentence are findings. LibTorch is not built with sanitizers, so that
// what it would overwrite in silence has to be foreseen (archive_check.h): run it with
// LD_PRELOAD=libc_malloc_debug.so.0 and MALLOC_CHECK_=3 to see more.
//
//     fuzz_archive [--seconds N] [--runs N] [--seed N] [MODEL.pt...]       default: 20 seconds; models besides its own
#include <ATen/Parallel.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <torch/csrc/jit/api/module.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>

#include "archive_mutation.h"
#include "passerelle/blob/write.h"
#include "passerelle/converter/convert.h"

using namespace passerelle;
using namespace passerelle::torchscript::testing;

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr unsigned most_seconds = 10;            // of one conversion
constexpr rlim_t most_memory = rlim_t{3} << 30;  // bytes
constexpr size_t longest_complaint = 4096;
constexpr uint64_t batch = 16;  // archives that one process converts, as long as it lives

/// What the child tells of itself.
struct Verdict {
  enum Kind : int { running, converted, refused, exhausted, finding } kind;
  int status;
  char stage[16];
  char text[longest_complaint];
};

struct Options {
  double seconds = 20;
  uint64_t runs = UINT64_MAX;
  unsigned seed = 1;
  std::vector<std::string> models;
};

struct Seed {
  std::string name;
  Members members;
  std::vector<torchscript::InputSpec> inputs;
};

torchscript::InputSpec shape(std::vector<int64_t> sizes) {
  torchscript::InputSpec spec;
  spec.shape = std::move(sizes);
  return spec;
}

void convert(const std::string& path, const std::vector<torchscript::InputSpec>& inputs, Verdict& verdict) {
  const auto refuse = [&](const Error& error) {
    verdict.kind = error.kind == ErrorKind::bug ? Verdict::finding : Verdict::refused;
    verdict.status = static_cast<int>(error.kind);
    std::snprintf(verdict.text, sizeof verdict.text, "%s", error.message.c_str());
    if (error.message.empty() || error.message.size() + 1 >= longest_complaint ||
        error.message.find('\n') != std::string::npos)
      verdict.kind = Verdict::finding;
  };
  std::strcpy(verdict.stage, "load");
  const auto model = torchscript::Model::load(path);
  if (!model) return refuse(model.error());
  std::strcpy(verdict.stage, "trace");
  converter::Options options;
  options.inputs = inputs;
  const auto trace = converter::trace(*model, options);
  if (!trace) return refuse(trace.error());
  std::strcpy(verdict.stage, "convert");
  const auto converted = converter::convert(*trace, options);
  if (!converted) return refuse(converted.error());
  if (!converted->diagnostics.empty()) {
    verdict.kind = Verdict::refused;
    verdict.status = static_cast<int>(ErrorKind::unsupported);
    return;
  }
  std::strcpy(verdict.stage, "write");
  blob::WriteOptions writing;
  writing.feature_level = passes::required_feature_level(converted->module);
  const auto written = blob::write(converted->module, writing);
  if (!written) return refuse(written.error());
  verdict.kind = Verdict::converted;
}

void print_stack(int signal) {
  void* frames[40];
  backtrace_symbols_fd(frames, backtrace(frames, 40), STDERR_FILENO);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

/// SIGPROF ends the process after `most_seconds` of work from now on, SIGALRM after more of sleep.
void start_clock() {
  const itimerval limit{{0, 0}, {most_seconds, 0}};
  ::setitimer(ITIMER_PROF, &limit, nullptr);
  ::alarm(6 * most_seconds);
}

void prepare_child(bool verbose) {
  const rlimit memory{most_memory, most_memory}, no_core{0, 0};
  ::setrlimit(RLIMIT_DATA, &memory);
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (!verbose) {
    ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    return;
  }
  static char stack[1 << 16];
  stack_t other{};
  other.ss_sp = stack;
  other.ss_size = sizeof stack;
  ::sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = print_stack;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND);
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL}) ::sigaction(signal, &action, nullptr);
}

void convert_guarded(const std::string& path, const Seed& seed, Verdict& verdict) {
  start_clock();
  try {
    convert(path, seed.inputs, verdict);
  } catch (const std::bad_alloc&) {
    verdict.kind = Verdict::exhausted;
  } catch (const std::exception& exception) {
    verdict.kind = Verdict::finding;
    std::snprintf(verdict.text, sizeof verdict.text, "exception: %.4000s", exception.what());
  }
}

/// Runs `body` in a child; its wait status.
template <typename Body>
int in_child(bool verbose, const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    prepare_child(verbose);
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

/// What was found, "" for nothing: of the run that the child was at when it ended.
std::string finding(int status, Verdict& verdict) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    if (signal != SIGPROF && signal != SIGALRM && signal != SIGKILL)
      return "signal " + std::to_string(signal) + " in " + verdict.stage;
    verdict.kind = Verdict::exhausted;
    return "";
  }
  if (WEXITSTATUS(status) != 0) return "exit status " + std::to_string(WEXITSTATUS(status)) + " in " + verdict.stage;
  if (verdict.kind == Verdict::finding || verdict.kind == Verdict::running)
    return std::string("in ") + verdict.stage + ": " + verdict.text;
  return "";
}

std::vector<Seed> own_seeds(const fs::path& folder) {
  struct Source {
    const char* code;
    std::vector<std::vector<int64_t>> inputs;
  };
  const Source sources[] = {
      {"def forward(self, x):\n"
       "  y = torch.conv2d(x, self.w, self.b, [1, 1], [1, 1])\n"
       "  return torch.max_pool2d(torch.relu(y), [2, 2])\n",
       {{1, 3, 8, 8}}},
      {"def forward(self, x):\n"
       "  y = [x, x * 2]\n"
       "  for i in range(3):\n"
       "    y.append(torch.cat([y[i], y[-1]], 1)[:, :4])\n"
       "  d = {'a': y[0], 'b': y[-1]}\n"
       "  if x.size(0) > 1:\n"
       "    z = d['a'].transpose(0, 1).reshape(-1, 2)\n"
       "  else:\n"
       "    z = d['b'].view(-1)\n"
       "  return z, torch.softmax(y[1], -1)\n",
       {{2, 3}}},
      {"def forward(self, x, y):\n"
       "  q = torch.quantize_per_tensor(x, 0.1, 128, 13)\n"
       "  z = torch.dequantize(q).clone()\n"
       "  z[0, 1:] = y[0, 1:]\n"
       "  z.add_(1).mul_(self.b.sum())\n"
       "  return torch.matmul(z, y.t()), z.mean([1], True), torch.embedding(self.w.view(-1, 4), torch.argmax(y, 1))\n",
       {{4, 6}, {4, 6}}},
  };
  std::vector<Seed> seeds;
  for (const Source& source : sources) {
    torch::jit::Module module("M"), inner("Inner");
    inner.register_buffer("scale", at::ones({3}));
    module.register_module("inner", inner);
    module.register_parameter("w", at::arange(0, 108).to(at::kFloat).div(100).view({4, 3, 3, 3}), false);
    module.register_parameter("b", at::ones({8}).slice(0, 2, 6), false);
    module.register_attribute("sizes", c10::ListType::ofInts(), c10::List<int64_t>({1, 2, 3}));
    module.register_attribute("name", c10::StringType::get(), "seed");
    module.register_attribute("q", c10::TensorType::get(),
                              at::quantize_per_channel(at::ones({3, 2}), at::ones({3}), at::zeros({3}), 0, at::kQInt8));
    module.define(source.code);
    const std::string path = folder / "seed.pt";
    module.save(path);
    Seed& seed = seeds.emplace_back(Seed{"own " + std::to_string(seeds.size()), members_of(path), {}});
    for (const auto& sizes : source.inputs) seed.inputs.push_back(shape(sizes));
  }
  return seeds;
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const char* const value = i + 1 < count ? arguments[i + 1] : "";
    if (argument == "--seconds")
      options.seconds = std::atof(value), ++i;
    else if (argument == "--runs")
      options.runs = std::strtoull(value, nullptr, 10), options.seconds = 1e9, ++i;
    else if (argument == "--seed")
      options.seed = static_cast<unsigned>(std::atoi(value)), ++i;
    else
      options.models.push_back(argument);
  }
  return options;
}

void write_file(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse(count, arguments);
  at::set_num_threads(1);  // threads do not live on in a child
  const fs::path folder = fs::temp_directory_path() / ("passerelle_fuzz_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  auto* const verdicts = static_cast<Verdict*>(
      ::mmap(nullptr, batch * sizeof(Verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::vector<Seed> seeds = own_seeds(folder);
  for (const std::string& model : options.models) seeds.push_back({model, members_of(model), {shape({1, 3, 8, 8})}});
  const fs::path path = folder / "mutant.pt";
  for (const Seed& seed : seeds) {  // that they convert, or nothing behind the first check would be reached
    write_file(path, zip(seed.members));
    verdicts[0] = {};
    const std::string found = finding(in_child(true, [&] { convert_guarded(path, seed, verdicts[0]); }), verdicts[0]);
    if (!found.empty() || (seed.name.compare(0, 3, "own") == 0 && verdicts[0].kind != Verdict::converted)) {
      std::fprintf(stderr, "seed %s does not convert: %s %s\n", seed.name.c_str(), found.c_str(), verdicts[0].text);
      return 2;
    }
  }
  // Each run's mutant follows from its number: a finding can be made again.
  const auto make = [&](uint64_t run) -> const Seed& {
    Random random(options.seed + static_cast<unsigned>(run) * 2654435761u);
    random.discard(3);
    const Seed& seed = seeds[random() % seeds.size()];
    write_file(path, mutated(seed.members, seeds[random() % seeds.size()].members, random));
    return seed;
  };

  std::map<std::string, int> findings;
  uint64_t kinds[5] = {}, statuses[16] = {}, runs = 0;
  const auto begin = Clock::now();
  const auto time_is_left = [&] {
    return std::chrono::duration<double>(Clock::now() - begin).count() < options.seconds;
  };
  while (runs < options.runs && time_is_left()) {
    std::memset(verdicts, 0, batch * sizeof(Verdict));
    const uint64_t last = std::min(options.runs, runs + batch);
    const int status = in_child(false, [&] {
      for (uint64_t run = runs; run < last && time_is_left(); ++run) {
        Verdict& verdict = verdicts[run - runs];
        std::strcpy(verdict.stage, "start");
        convert_guarded(path, make(run), verdict);
        if (verdict.kind == Verdict::finding || verdict.kind == Verdict::exhausted) return;
      }
    });
    for (uint64_t i = 0; i < batch && verdicts[i].stage[0] != '\0'; ++i, ++runs) {
      Verdict& verdict = verdicts[i];
      const bool is_last = i + 1 == batch || verdicts[i + 1].stage[0] == '\0';
      const std::string found = is_last ? finding(status, verdict) : "";
      ++kinds[verdict.kind];
      if (verdict.kind == Verdict::refused) ++statuses[verdict.status & 15];
      if (found.empty() || findings[found]++ > 2) continue;
      const Seed& seed = make(runs);
      const std::string kept = "fuzz_archive_" + std::to_string(options.seed) + "_" + std::to_string(runs) + ".pt";
      fs::copy_file(path, kept, fs::copy_options::overwrite_existing);
      std::fprintf(stderr, "finding: %s: %s (a mutant of %s; seed %u, run %llu)\n", kept.c_str(), found.c_str(),
                   seed.name.c_str(), options.seed, static_cast<unsigned long long>(runs));
      in_child(true, [&] { convert_guarded(path, seed, verdicts[i]); });
    }
  }
  fs::remove_all(folder);
  std::printf(
      "%llu archives: %llu converted, %llu refused (as wrong usage %llu, unreadable %llu, unsupported %llu), %llu "
      "ended for time or memory; %zu kinds of findings (seed %u)\n",
      static_cast<unsigned long long>(runs), static_cast<unsigned long long>(kinds[Verdict::converted]),
      static_cast<unsigned long long>(kinds[Verdict::refused]), static_cast<unsigned long long>(statuses[2]),
      static_cast<unsigned long long>(statuses[3]), static_cast<unsigned long long>(statuses[4]),
      static_cast<unsigned long long>(kinds[Verdict::exhausted]), findings.size(), options.seed);
  return findings.empty() ? 0 : 1;
}
