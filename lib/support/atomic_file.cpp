#include "passerelle/support/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "passerelle/support/process_wide.h"

namespace passerelle {
namespace {

std::string folder_of(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Where a symbolic link leads: the file behind it is written, not the link, and made where it is missing.
std::string resolved(std::string path) {
  constexpr int most_links = 40;  // the kernel's own limit
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return path;  // /dev/fd/1: no path is behind it
  for (int followed = 0; followed < most_links; ++followed) {
    char target[4096];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size <= 0 || static_cast<size_t>(size) == sizeof target) return path;
    const std::string next(target, static_cast<size_t>(size));
    path = next[0] == '/' ? next : folder_of(path) + "/" + next;
  }
  return path;
}

/// Calls make(name) with names beside `path` that are this process's own (two conversions to one path share none) until
/// one is free; what it returned last, with its errno, which is below 0 where it failed.
template <typename Make>
int with_free_name(const std::string& path, std::string& name, Make make) {
  for (int attempt = 0;; ++attempt) {
    name = path + "." + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".tmp";
    const int made = make(name.c_str());
    if (made >= 0 || errno != EEXIST || attempt == 1000) return made;
  }
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::string temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(other.descriptor_),
      end_(other.end_) {
  other.descriptor_ = -1;
  other.temporary_.clear();
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());  // while the descriptor tells its name: see ProcessWide
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error AtomicFile::failure(const char* doing) const {
  return {ErrorKind::unwritable, "cannot " + std::string(doing) + " " + path_ + ": " + std::strerror(errno)};
}

Expected<AtomicFile> AtomicFile::create(std::string path) {
  path = resolved(path);
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    // Renaming over /dev/null or a pipe would replace it by a file.
    const char* what = S_ISDIR(status.st_mode) ? ": it is a folder" : ": it is not an ordinary file";
    return Error{ErrorKind::unwritable, "cannot write " + path + what};
  }
  // Where the file system can, the file has no name until it is whole: whatever ends the process, nothing is left.
  // O_TMPFILE's and O_CREAT's mode is cut by the umask, as for any other new file.
  const bool can_name_later = ::access("/proc/self/fd", X_OK) == 0;
  const int nameless = !can_name_later ? -1 : ::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (nameless >= 0) return AtomicFile(std::move(path), "", nameless);
  std::string temporary;
  const std::lock_guard<std::mutex> lock(process_wide().naming);
  const int descriptor = with_free_name(
      path, temporary, [](const char* name) { return ::open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  if (descriptor < 0) return AtomicFile(std::move(path), "", -1).failure("write");
  return AtomicFile(std::move(path), std::move(temporary), descriptor);
}

void AtomicFile::remove_unfinished() {
  process_wide().naming.lock();  // for good
  // What this process has open tells which files they are: nobody keeps a list.
  const std::string mark = "." + std::to_string(::getpid()) + "-";
  DIR* const open_files = ::opendir("/proc/self/fd");
  if (open_files == nullptr) return;
  while (const dirent* entry = ::readdir(open_files)) {
    char name[4096];
    const ssize_t size = ::readlinkat(::dirfd(open_files), entry->d_name, name, sizeof name);
    if (size <= 0 || static_cast<size_t>(size) == sizeof name) continue;
    const std::string path(name, static_cast<size_t>(size));
    const size_t at = path.rfind(mark);
    const bool ours = at != std::string::npos && path.size() > 4 && path.compare(path.size() - 4, 4, ".tmp") == 0 &&
                      path.find('/', at) == std::string::npos;
    if (ours) ::unlink(path.c_str());
  }
  ::closedir(open_files);
}

Expected<void> AtomicFile::write(const void* data, size_t size) {
  Expected<void> written = write_at(end_, data, size);
  end_ += size;
  return written;
}

Expected<void> AtomicFile::write_at(uint64_t offset, const void* data, size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::pwrite(descriptor_, next, size, static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return failure("write");
    }
    next += written;
    offset += static_cast<uint64_t>(written);
    size -= static_cast<size_t>(written);
  }
  return {};
}

/// Gives the file its name. False, with errno, where that fails.
bool AtomicFile::put_in_place() {
  const std::lock_guard<std::mutex> lock(process_wide().naming);
  if (temporary_.empty()) {
    const std::string nameless = "/proc/self/fd/" + std::to_string(descriptor_);
    const auto link_as = [&](const char* name) {
      return ::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW);
    };
    if (link_as(path_.c_str()) == 0) return true;
    if (errno != EEXIST) return false;
    std::string name;  // only a name can replace another
    if (with_free_name(path_, name, link_as) < 0) return false;
    temporary_ = name;
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary_.c_str());
    temporary_.clear();
    errno = reason;
    return false;
  }
  temporary_.clear();
  return true;
}

Expected<void> AtomicFile::sync() { return ::fsync(descriptor_) == 0 ? Expected<void>() : failure("write"); }

Expected<void> AtomicFile::commit() {
  if (Expected<void> synced = sync(); !synced) return synced;
  if (!put_in_place()) return failure("write");
  ::close(descriptor_);  // what could fail in it has failed in fsync()
  descriptor_ = -1;
  // The new name itself must survive a crash too; a folder that can't be synced (some network file systems) is no
  // error.
  int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    (void)::fsync(folder);
    ::close(folder);
  }
  return {};
}

}  // namespace passerelle
