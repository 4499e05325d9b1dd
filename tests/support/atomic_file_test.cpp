#include "passerelle/support/atomic_file.h"
#include "catch.h"

using Catch::Matchers::ContainsSubstring;

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using passerelle::AtomicFile;
using passerelle::ErrorKind;
using passerelle::Expected;

namespace {

/// A folder of its own for each test case.
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "passerelle-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    fs::permissions(path, fs::perms::owner_all);
    fs::remove_all(path);
  }
  std::string operator/(const char* name) const { return (path / name).string(); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

}  // namespace

TEST_CASE("a committed file has what was written, and nothing is left beside it") {
  Folder folder;
  Expected<AtomicFile> file = AtomicFile::create(folder / "out");
  REQUIRE(file);
  REQUIRE(file->write("abc", 3));
  REQUIRE(file->write("", 0));
  REQUIRE(file->write("def", 3));
  CHECK_FALSE(fs::exists(folder / "out"));
  REQUIRE(file->commit());
  CHECK(content(folder / "out") == "abcdef");
  CHECK(folder.entries() == 1);
}

TEST_CASE("without commit nothing appears, and an older file stays") {
  Folder folder;
  put(folder / "out", "old");
  {
    Expected<AtomicFile> file = AtomicFile::create(folder / "out");
    REQUIRE(file);
    REQUIRE(file->write("new", 3));
    CHECK(content(folder / "out") == "old");
  }
  CHECK(content(folder / "out") == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("commit replaces an older file") {
  Folder folder;
  put(folder / "out", "old and long");
  Expected<AtomicFile> file = AtomicFile::create(folder / "out");
  REQUIRE(file);
  REQUIRE(file->write("new", 3));
  REQUIRE(file->commit());
  CHECK(content(folder / "out") == "new");
}

TEST_CASE("two writers of one path don't disturb each other") {
  Folder folder;
  Expected<AtomicFile> first = AtomicFile::create(folder / "out");
  Expected<AtomicFile> second = AtomicFile::create(folder / "out");
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(first->write("1", 1));
  REQUIRE(second->write("22", 2));
  REQUIRE(first->commit());
  CHECK(content(folder / "out") == "1");
  REQUIRE(second->commit());
  CHECK(content(folder / "out") == "22");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a new file's permissions follow the umask") {
  Folder folder;
  mode_t before = ::umask(027);
  Expected<AtomicFile> file = AtomicFile::create(folder / "out");
  REQUIRE(file);
  REQUIRE(file->commit());
  ::umask(before);
  struct stat status;
  REQUIRE(::stat((folder / "out").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("what can't be written is an error that names the file") {
  Folder folder;
  auto refused = [](const std::string& path) {
    Expected<AtomicFile> file = AtomicFile::create(path);
    REQUIRE_FALSE(file);
    CHECK(file.error().kind == ErrorKind::unwritable);
    CHECK_THAT(file.error().message, ContainsSubstring(path));
    return file.error().message;
  };
  CHECK_THAT(refused(folder / "missing/out"), ContainsSubstring("No such file"));
  put(folder / "file", "");
  CHECK_THAT(refused(folder / "file/out"), ContainsSubstring("Not a directory"));
  CHECK_THAT(refused(folder.path.string()), ContainsSubstring("a folder"));
  CHECK_THAT(refused("/dev/null"), ContainsSubstring("not an ordinary file"));
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  CHECK_THAT(refused("/dev/fd/" + std::to_string(pipe_ends[1])), Catch::Contains("not an ordinary file"));
  for (int end : pipe_ends) ::close(end);
  struct stat status;
  REQUIRE(::stat("/dev/null", &status) == 0);
  CHECK(S_ISCHR(status.st_mode));
}

TEST_CASE("a symbolic link stays one: the file behind it is replaced") {
  Folder folder;
  put(folder / "target", "old");
  fs::create_symlink(folder / "target", folder / "link");
  Expected<AtomicFile> file = AtomicFile::create(folder / "link");
  REQUIRE(file);
  REQUIRE(file->write("new", 3));
  REQUIRE(file->commit());
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(content(folder / "target") == "new");
}

TEST_CASE("a symbolic link to a file that is missing is written through") {
  Folder folder;
  fs::create_directory(folder / "elsewhere");
  fs::create_symlink("elsewhere/target", folder / "link");
  fs::create_symlink("link", folder / "link_to_link");
  Expected<AtomicFile> file = AtomicFile::create(folder / "link_to_link");
  REQUIRE(file);
  REQUIRE(file->write("new", 3));
  REQUIRE(file->commit());
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(fs::is_symlink(folder / "link_to_link"));
  CHECK(content(folder / "elsewhere/target") == "new");
  fs::create_symlink("loop", folder / "loop");
  CHECK_FALSE(AtomicFile::create(folder / "loop/out"));
}

TEST_CASE("moving a file moves the duty to clean up") {
  Folder folder;
  {
    Expected<AtomicFile> file = AtomicFile::create(folder / "out");
    REQUIRE(file);
    AtomicFile moved = *std::move(file);
    REQUIRE(moved.write("x", 1));
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("a signal that ends the process leaves the older file, and nothing beside it") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGKILL);
  Folder folder;
  put(folder / "out", "old");
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(signal, SIG_DFL);  // not Catch's
    Expected<AtomicFile> file = AtomicFile::create(folder / "out");
    const std::string block(1 << 16, 'x');
    for (int i = 0; file && file->write(block.data(), block.size()); i = 1)
      if (i == 0 && ::write(ready[1], "r", 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  ::kill(child, signal);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(WIFSIGNALED(status));
  CHECK(content(folder / "out") == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a disk that gets full leaves the older file, and says so") {
  Folder folder;
  put(folder / "out", "old");
  struct rlimit before;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const struct rlimit small { 1 << 16, before.rlim_max };
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);  // an error instead, as from a full disk
  std::string message;
  {
    Expected<AtomicFile> file = AtomicFile::create(folder / "out");
    REQUIRE(file);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const std::string block(1 << 15, 'x');
    Expected<void> written;
    for (int i = 0; i < 4 && written; ++i) written = file->write(block.data(), block.size());
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
    REQUIRE_FALSE(written);
    CHECK(written.error().kind == ErrorKind::unwritable);
    message = written.error().message;
  }
  CHECK_THAT(message, ContainsSubstring(folder / "out") && ContainsSubstring("File too large"));
  CHECK(content(folder / "out") == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a folder that can't be written to is told") {
  // Root may write everywhere but into /proc.
  Expected<AtomicFile> file = AtomicFile::create("/proc/passerelle-test");
  REQUIRE_FALSE(file);
  CHECK(file.error().kind == ErrorKind::unwritable);
  CHECK_THAT(file.error().message, ContainsSubstring("/proc/passerelle-test"));
  if (::geteuid() == 0) return;
  Folder folder;
  fs::permissions(folder.path, fs::perms::owner_read | fs::perms::owner_exec);
  Expected<AtomicFile> refused = AtomicFile::create(folder / "out");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("Permission denied"));
}

TEST_CASE("whatever a reader sees while others write is one writer's whole file") {
  Folder folder;
  constexpr int writers = 4, rounds = 25;
  constexpr size_t size = 100000;
  put(folder / "out", std::string(size, 'a'));
  std::vector<pid_t> children;
  for (int w = 0; w < writers; ++w) {
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string half(size / 2, static_cast<char>('b' + w));
      bool done = true;
      for (int round = 0; round < rounds; ++round) {
        Expected<AtomicFile> file = AtomicFile::create(folder / "out");
        done = done && file && file->write(half.data(), half.size()) && file->write(half.data(), half.size()) &&
               file->commit();
      }
      ::_exit(done ? 0 : 1);
    }
    children.push_back(child);
  }
  for (int look = 0; look < 200; ++look) {
    const std::string seen = content(folder / "out");
    REQUIRE(seen.size() == size);
    REQUIRE(seen.find_first_not_of(seen[0]) == std::string::npos);
  }
  for (pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(folder.entries() == 1);
}
