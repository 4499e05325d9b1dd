#include "deadline.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "passerelle/support/atomic_file.h"

namespace passerelle::cli {

Deadline::Deadline(double seconds) {
  if (seconds <= 0) return;
  watch_ = std::thread([this, seconds] {
    std::unique_lock<std::mutex> lock(state_);
    if (changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return done_; })) return;
    AtomicFile::remove_unfinished();
    std::fprintf(stderr, "%spasserelle: not done after %g seconds: --timeout\n",
                 ::isatty(STDERR_FILENO) ? "\r\x1b[K" : "", seconds);
    ::_exit(timeout_status);
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
