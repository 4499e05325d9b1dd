#include "worker.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include "passerelle/support/activity.h"

namespace passerelle::cli {
namespace {

constexpr int ending_signals[] = {SIGHUP, SIGINT, SIGTERM};

/// A signal's handler has no other way to know it.
volatile pid_t worker = 0;

void pass_on(int number) { ::kill(worker, number); }

sigset_t block_ending_signals() {
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  for (const int number : ending_signals) ::sigaddset(&blocked, number);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  return before;
}

void pass_signals_on() {
  for (const int number : ending_signals) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action.sa_handler = pass_on;
    ::sigaction(number, &action, nullptr);
  }
}

[[noreturn]] void end_as(int number) {
  ::signal(number, SIG_DFL);
  ::raise(number);
  ::_exit(128 + number);
}

Error death(int number) {
  const std::string signal = std::string("signal ") + std::to_string(number) + ", " + ::strsignal(number);
  if (number == SIGKILL)
    return {ErrorKind::unreadable,
            "it was killed from outside (" + signal +
                "), as the system does where memory runs out; --memory-limit SIZE ends it before"};
  const std::optional<Activity> activity = last_activity();
  if (!activity) return {ErrorKind::bug, "a bug in passerelle, please report it: it ended by " + signal};
  const std::string at = activity->at.empty() ? "" : ", in " + activity->at;
  return {ErrorKind::unreadable, "LibTorch crashed while " + activity->doing + at + " (" + signal +
                                     "): the model gives it what it does not check, or is damaged; correct that line, "
                                     "or export the model again"};
}

}  // namespace

std::optional<int> supervise(const std::function<int(const Error&)>& say) {
  share_activities();
  const sigset_t before = block_ending_signals();
  const pid_t parent = ::getpid();
  worker = ::fork();
  if (worker == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) end_as(SIGTERM);
  }
  if (worker > 0) pass_signals_on();
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (worker <= 0) return std::nullopt;

  int status = 0;
  while (::waitpid(worker, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  const int number = WTERMSIG(status);
  for (const int ending : ending_signals)
    if (number == ending) end_as(number);
  if (::isatty(STDERR_FILENO) == 1) std::fputs("\r\x1b[K", stderr);  // the progress line
  return say(death(number));
}

}  // namespace passerelle::cli
