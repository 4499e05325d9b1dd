// What is being done, on a terminal, for whatever takes over a second.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace passerelle::cli {

/// Takes what is logged (subcommands log each stage before they begin it) and draws the last message on one line of
/// standard error, with the seconds since; from the second second on. Nothing is left of it in the end.
class ProgressSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ProgressSink();
  ~ProgressSink() override;
  /// Wipes the line out. To be called before anything else is printed.
  void finish();

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}
  void draw_until_finished();

  std::mutex state_;
  std::condition_variable changed_;
  std::string stage_;
  bool finished_ = false, drawn_ = false;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::thread drawer_;
};

}  // namespace passerelle::cli
