// What a process can't do any more once it has given up its rights.
#include "sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "catch.h"
#include "temporary.h"

namespace passerelle::cli {
namespace {

/// In a child process, for rights don't come back: what `attempt` returns, after `folders` alone may be written to.
template <typename Attempt>
int after_giving_up(const std::vector<std::string>& folders, const Attempt& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    give_up_rights(folders);
    ::_exit(attempt());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// 0 or errno.
int make_file(const std::string& path) {
  return ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666) >= 0 ? 0 : errno;
}

bool has_landlock() { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1; }

}  // namespace

TEST_CASE("a process that gave up its rights writes in its folders alone") {
  const testing::TemporaryFolder mine, other;
  CHECK(after_giving_up({mine.path()}, [&] { return make_file(mine / "file"); }) == 0);
  if (!has_landlock()) return;
  CHECK(after_giving_up({mine.path()}, [&] { return make_file(other / "file"); }) == EACCES);
  CHECK(after_giving_up({}, [&] { return make_file(mine / "another"); }) == EACCES);
  CHECK(after_giving_up({}, [&] { return ::truncate((mine / "file").c_str(), 0) == 0 ? 0 : errno; }) != 0);
  CHECK(mine.entries() == 1);
  CHECK(other.entries() == 0);
}

TEST_CASE("a process that gave up its rights starts no program and has no network, but reads") {
  const testing::TemporaryFolder folder;
  CHECK(after_giving_up({folder.path()}, [] {
          ::execl("/bin/true", "/bin/true", nullptr);
          return errno;
        }) == EPERM);
  CHECK(after_giving_up({}, [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno; }) == EPERM);
  CHECK(after_giving_up({}, [] { return ::open("/proc/self/exe", O_RDONLY) >= 0 ? 0 : errno; }) == 0);
}

}  // namespace passerelle::cli
