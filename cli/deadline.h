// --timeout
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "passerelle/support/expected.h"

namespace passerelle::cli {

/// Ends the process, unless it is destroyed before. A file that is being written goes: nothing half written stays.
class Deadline {
 public:
  /// `seconds` of 0: never. `say` tells the user what happened and returns the exit status; it runs in a thread of its
  /// own, while the work goes on in others.
  Deadline(double seconds, std::function<int(const Error&)> say);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  std::mutex state_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread watch_;
};

}  // namespace passerelle::cli
