#include "passerelle/support/interruption.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <thread>

#include "passerelle/support/atomic_file.h"

namespace passerelle {
namespace {

/// A thread waits for them: what has to be done is more than a signal's handler may do.
void wait_for_end(const sigset_t& awaited) {
  int number = SIGTERM;
  if (::sigwait(&awaited, &number) != 0) return;
  AtomicFile::remove_unfinished();
  // As the signal would have ended the process, so that whoever waits for it sees the same.
  ::signal(number, SIG_DFL);
  ::pthread_sigmask(SIG_UNBLOCK, &awaited, nullptr);
  ::raise(number);
  ::_exit(128 + number);
}

}  // namespace

void end_cleanly_on_signals() {
  ::signal(SIGXFSZ, SIG_IGN);
  sigset_t awaited, before;
  ::sigemptyset(&awaited);
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction action {};
    // A blocked signal would be awaited even where it is to be ignored (nohup).
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) ::sigaddset(&awaited, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &awaited, &before);
  try {
    std::thread(wait_for_end, awaited).detach();
  } catch (const std::exception&) {  // no thread to be had: the signals end the process at once
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
}

}  // namespace passerelle
