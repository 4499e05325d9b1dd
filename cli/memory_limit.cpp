#include "memory_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <iterator>
#include <new>
#include <string_view>
#include <utility>

#include "passerelle/support/atomic_file.h"
#include "passerelle/torchscript/little_memory.h"

namespace passerelle::cli {
namespace {

// A new handler takes no arguments, and the process has one limit.
std::atomic<uint64_t> limit{0};
std::atomic<bool> ending{false};

std::function<int(const std::string&)>& sayer() {
  static std::function<int(const std::string&)> say;
  return say;
}

std::string size_text(uint64_t bytes) {
  const char* const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes % 1024 == 0 && unit + 1 < std::size(units)) bytes /= 1024, ++unit;
  return std::to_string(bytes) + " " + units[unit];
}

}  // namespace

std::optional<uint64_t> parse_size(const std::string& text) {
  constexpr std::string_view units = "KMGT";
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 15) return std::nullopt;
  uint64_t size = std::stoull(text.substr(0, digits));
  if (digits < text.size()) {
    const size_t unit = units.find(text[digits]);
    if (unit == units.npos || digits + 1 != text.size()) return std::nullopt;
    for (size_t i = 0; i <= unit; ++i)
      if (__builtin_mul_overflow(size, uint64_t{1024}, &size)) return std::nullopt;
  }
  if (size == 0) return std::nullopt;
  return size;
}

void limit_memory(uint64_t bytes, std::function<int(const std::string&)> say) {
  torchscript::prepare_for_little_memory();
  sayer() = std::move(say);
  limit = bytes;
  std::set_new_handler(end_beyond_limit);
  rlimit current{};
  ::getrlimit(RLIMIT_DATA, &current);
  if (current.rlim_max != RLIM_INFINITY && current.rlim_max < bytes) bytes = current.rlim_max;
  current.rlim_cur = bytes;
  ::setrlimit(RLIMIT_DATA, &current);
}

void end_beyond_limit() {
  if (limit == 0) return;
  if (ending.exchange(true)) ::pause();  // another thread is at it
  rlimit current{};
  ::getrlimit(RLIMIT_DATA, &current);
  current.rlim_cur = current.rlim_max;  // cleaning up takes some
  ::setrlimit(RLIMIT_DATA, &current);
  AtomicFile::remove_unfinished();
  if (::isatty(STDERR_FILENO) == 1) std::fputs("\r\x1b[K", stderr);  // the progress line
  ::_exit(sayer()("it takes more memory than " + size_text(limit) + ": --memory-limit"));
}

}  // namespace passerelle::cli
