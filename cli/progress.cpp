#include "progress.h"

#include <cstdio>

#include "passerelle/report/words.h"

namespace passerelle::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* wheel[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr const char* wipe = "\r\x1b[K";
constexpr size_t widest = 60;  // of a stage's words: the line must not wrap

}  // namespace

ProgressSink::ProgressSink() : drawer_([this] { draw_until_finished(); }) {}

ProgressSink::~ProgressSink() { finish(); }

void ProgressSink::finish() {
  {
    const std::lock_guard<std::mutex> lock(state_);
    finished_ = true;
  }
  changed_.notify_all();
  if (drawer_.joinable()) drawer_.join();
  if (drawn_) std::fputs(wipe, stderr);
  drawn_ = false;
}

void ProgressSink::sink_it_(const spdlog::details::log_msg& message) {
  const std::lock_guard<std::mutex> lock(state_);
  stage_ = report::printable(std::string(message.payload.data(), message.payload.size()));
  if (stage_.size() > widest) stage_ = stage_.substr(0, widest) + "...";
}

void ProgressSink::draw_until_finished() {
  std::unique_lock<std::mutex> lock(state_);
  if (changed_.wait_for(lock, 1s, [this] { return finished_; })) return;
  for (size_t turn = 0; !finished_; ++turn) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    std::fprintf(stderr, "%s%s %s, %.0f s", wipe, wheel[turn % (sizeof wheel / sizeof *wheel)], stage_.c_str(),
                 seconds);
    std::fflush(stderr);
    drawn_ = true;
    changed_.wait_for(lock, 100ms, [this] { return finished_; });
  }
}

}  // namespace passerelle::cli
