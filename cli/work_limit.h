// What a model's file may have LibTorch do, where there is no --timeout.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "passerelle/support/expected.h"

namespace passerelle::cli {

/// Seconds of computing that are far more than reading and tracing a model takes whose files are named among these
/// words.
double work_allowed(const std::vector<std::string>& words);

/// Ends the process when what activities (passerelle/support/activity.h) stand for has taken `seconds`, by the clock
/// and of computing both: a busy machine makes nothing end earlier.
class WorkLimit {
 public:
  /// 0: never. `say` as Deadline's.
  WorkLimit(double seconds, std::function<int(const Error&)> say);
  ~WorkLimit();
  WorkLimit(const WorkLimit&) = delete;
  WorkLimit& operator=(const WorkLimit&) = delete;

 private:
  void watch(double seconds);

  std::function<int(const Error&)> say_;
  std::mutex state_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread watch_;
};

}  // namespace passerelle::cli
