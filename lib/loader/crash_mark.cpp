#include "crash_mark.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "failure.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

constexpr char prefix[] = "passerelle-";
constexpr char suffix[] = ".running";
constexpr char unlocked_suffix[] = ".new";  // until it is locked: a file seen before would look like a dead process's
constexpr size_t longest_file = 1 << 16;

passerelle_status cannot(const char* doing, const std::string& path, passerelle_error* error) {
  return fail(error, PASSERELLE_INVALID_ARGUMENT,
              text({"cannot ", doing, " ", path, " (crash_directory): ", std::strerror(errno)}));
}

bool is_mark(const std::string& name) {
  const size_t size = sizeof suffix - 1;
  return name.compare(0, sizeof prefix - 1, prefix) == 0 && name.size() > size &&
         name.compare(name.size() - size, size, suffix) == 0;
}

/// Opens and locks a file that no living process has locked; -1 for all others.
int open_left(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return -1;
  struct stat status;
  // Without links: its owner just took it away.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 && ::fstat(descriptor, &status) == 0 && status.st_nlink > 0)
    return descriptor;
  ::close(descriptor);
  return -1;
}

void read_lines(int descriptor, std::vector<std::string>& lines) {
  std::string text(longest_file, '\0');
  const ssize_t size = ::read(descriptor, text.data(), text.size());
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
}

/// Calls `use(path, descriptor)` for each file that a dead process left.
template <typename Use>
passerelle_status for_each_left(const std::string& directory, Use use, passerelle_error* error) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(directory.c_str()), ::closedir);
  if (!folder) return cannot("read the folder", directory, error);
  while (const dirent* entry = ::readdir(folder.get())) {
    if (!is_mark(entry->d_name)) continue;
    const std::string path = text({directory, "/", entry->d_name});
    const int descriptor = open_left(path);
    if (descriptor < 0) continue;
    use(path, descriptor);
    ::close(descriptor);
  }
  return PASSERELLE_OK;
}

/// A line of its own, whatever the driver calls itself.
std::string line_of(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::string mark_of(const Device& device) {
  return line_of(std::string("device\t") + device.name + "\t" + device.version);
}

std::string mark_of(const Library& library) { return line_of("library\t" + library.name); }

passerelle_status find_crash_marks(const std::string& directory, std::vector<std::string>& lines,
                                   passerelle_error* error) {
  return for_each_left(
      directory, [&](const std::string&, int descriptor) { read_lines(descriptor, lines); }, error);
}

CrashMark::~CrashMark() {
  if (descriptor_ < 0) return;
  ::unlink(path_.c_str());  // before the lock is given up
  ::close(descriptor_);
}

passerelle_status CrashMark::enter(const std::string& directory, const Library& library,
                                   const std::vector<const Device*>& devices, passerelle_error* error) {
  if (directory.empty()) return PASSERELLE_OK;
  std::string text;
  for (const Device* device : devices) text += mark_of(*device) + "\n";
  if (devices.empty()) text = mark_of(library) + "\n";

  std::string stem, made;
  int descriptor = -1;
  for (int attempt = 0; descriptor < 0; ++attempt) {
    stem = directory + "/" + prefix + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    made = stem + unlocked_suffix;
    if (::access((stem + suffix).c_str(), F_OK) == 0) continue;
    descriptor = ::open(made.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0 && errno != EEXIST) return cannot("write", made, error);
  }
  const bool done = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 &&
                    ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                    ::rename(made.c_str(), (stem + suffix).c_str()) == 0;
  if (!done) {
    const passerelle_status status = cannot("write", made, error);
    ::unlink(made.c_str());
    ::close(descriptor);
    return status;
  }
  path_ = stem + suffix;
  descriptor_ = descriptor;
  return PASSERELLE_OK;
}

}  // namespace passerelle::loader

passerelle_status passerelle_crash_marks_clear(const char* crash_directory, passerelle_error* error) noexcept {
  using namespace passerelle::loader;
  if (!crash_directory) return fail(error, PASSERELLE_INVALID_ARGUMENT, "crash_directory is NULL");
  return for_each_left(
      crash_directory, [](const std::string& path, int) { ::unlink(path.c_str()); }, error);
}
