// Preloaded into a program: stops it where a test says, so that what a signal does there is seen every time.
//
// MEDDLER_STOP=FUNCTION:NUMBER:SIGNAL:MILLISECONDS sends the process a signal before the NUMBERth call of a function,
// and holds that call up. MEDDLER_NO_TMPFILE=1 is a file system that has no files without names.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

void meet(const char* function) {
  static std::atomic<int> calls{0};
  const char* const stop = std::getenv("MEDDLER_STOP");
  char name[16];
  int number = 0, signal = 0, milliseconds = 0;
  if (!stop || std::sscanf(stop, "%15[a-z]:%d:%d:%d", name, &number, &signal, &milliseconds) != 4) return;
  if (std::strcmp(name, function) != 0 || ++calls != number) return;
  ::kill(::getpid(), signal);
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

template <typename Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  if ((flags & O_TMPFILE) == O_TMPFILE && std::getenv("MEDDLER_NO_TMPFILE")) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return real(&open, "open")(path, flags, mode);
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
  meet("pwrite");
  return real(&pwrite, "pwrite")(descriptor, data, size, offset);
}

int fsync(int descriptor) {
  meet("fsync");
  return real(&fsync, "fsync")(descriptor);
}

int linkat(int from, const char* path, int to, const char* name, int flags) noexcept {
  meet("linkat");
  return real(&linkat, "linkat")(from, path, to, name, flags);
}

int rename(const char* from, const char* to) noexcept {
  meet("rename");
  return real(&rename, "rename")(from, to);
}

}  // extern "C"
