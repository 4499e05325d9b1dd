#include "passerelle/support/atomic_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

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
    CHECK_THAT(file.error().message, Catch::Contains(path));
    return file.error().message;
  };
  CHECK_THAT(refused(folder / "missing/out"), Catch::Contains("No such file"));
  put(folder / "file", "");
  CHECK_THAT(refused(folder / "file/out"), Catch::Contains("Not a directory"));
  CHECK_THAT(refused(folder.path.string()), Catch::Contains("a folder"));
  CHECK_THAT(refused("/dev/null"), Catch::Contains("not an ordinary file"));
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

TEST_CASE("moving a file moves the duty to clean up") {
  Folder folder;
  {
    Expected<AtomicFile> file = AtomicFile::create(folder / "out");
    REQUIRE(file);
    AtomicFile moved = *std::move(file);
    REQUIRE(moved.write("x", 1));
    CHECK(folder.entries() == 1);
  }
  CHECK(folder.entries() == 0);
}
