// --timeout
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace passerelle::cli {

inline constexpr int timeout_status = 8;

/// Ends the process with `timeout_status` and a sentence on standard error, unless it is destroyed before. A file that
/// is being written goes: nothing half written stays.
class Deadline {
 public:
  /// `seconds` of 0: never.
  explicit Deadline(double seconds);
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
