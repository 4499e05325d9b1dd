#include "deadline.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <utility>

#include "passerelle/support/atomic_file.h"

namespace passerelle::cli {

Deadline::Deadline(double seconds, std::function<int(const Error&)> say) {
  if (seconds <= 0) return;
  watch_ = std::thread([this, seconds, say = std::move(say)] {
    std::unique_lock<std::mutex> lock(state_);
    if (changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return done_; })) return;
    AtomicFile::remove_unfinished();
    if (::isatty(STDERR_FILENO) == 1) std::fputs("\r\x1b[K", stderr);  // the progress line
    ::_exit(say({ErrorKind::timeout, fmt::format("not done after {:g} seconds: --timeout", seconds)}));
  });
}

Deadline::~Deadline() {
  {
    const std::lock_guard<std::mutex> lock(state_);
    done_ = true;
  }
  changed_.notify_all();
  if (watch_.joinable()) watch_.join();
}

}  // namespace passerelle::cli
