#include "work_limit.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "passerelle/support/activity.h"
#include "passerelle/support/atomic_file.h"

namespace passerelle::cli {
namespace {

constexpr double of_any_model = 40, a_megabyte = 1;
constexpr std::chrono::milliseconds interval(200);

double computed() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

[[noreturn]] void end(const Activity& activity, double seconds, const std::function<int(const Error&)>& say) {
  AtomicFile::remove_unfinished();
  if (::isatty(STDERR_FILENO) == 1) std::fputs("\r\x1b[K", stderr);  // the progress line
  const std::string at = activity.at.empty() ? "" : ", in " + activity.at;
  ::_exit(say({ErrorKind::timeout,
               fmt::format("{} takes more than {:.0f} seconds of computing{}, far more than a model of that size "
                           "should; --timeout SECONDS gives it another limit",
                           activity.doing, seconds, at)}));
}

}  // namespace

double work_allowed(const std::vector<std::string>& words) {
  double megabytes = 0;
  for (const std::string& word : words) {
    struct stat status {};
    const std::string path = word.substr(0, 1) == "-" ? "" : word.substr(word.find('=') + 1);
    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
      megabytes += static_cast<double>(status.st_size) * 1e-6;
  }
  return of_any_model + a_megabyte * megabytes;
}

WorkLimit::WorkLimit(double seconds, std::function<int(const Error&)> say) : say_(std::move(say)) {
  if (seconds > 0) watch_ = std::thread([this, seconds] { watch(seconds); });
}

void WorkLimit::watch(double seconds) {
  using Clock = std::chrono::steady_clock;
  double by_clock = 0, of_computing = 0;
  auto time = Clock::now();
  double computing = computed();
  std::unique_lock<std::mutex> lock(state_);
  while (!changed_.wait_for(lock, interval, [this] { return done_; })) {
    const auto now = Clock::now();
    const double computed_now = computed();
    if (const std::optional<Activity> activity = last_activity()) {
      by_clock += std::chrono::duration<double>(now - time).count();
      of_computing += computed_now - computing;
      if (std::min(by_clock, of_computing) > seconds) end(*activity, seconds, say_);
    }
    time = now;
    computing = computed_now;
  }
}

WorkLimit::~WorkLimit() {
  {
    const std::lock_guard<std::mutex> lock(state_);
    done_ = true;
  }
  changed_.notify_all();
  if (watch_.joinable()) watch_.join();
}

}  // namespace passerelle::cli
