#include "passerelle/blob/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "passerelle/blob/digest.h"
#include "passerelle/support/text.h"

namespace passerelle::blob {
namespace {

constexpr size_t prefix_peek = 12;  // the size prefix, the root's offset and the file identifier

Error cannot_read(Failure* failure, const std::string& name, const std::string& reason) {
  if (failure) *failure = Failure::system;
  return {ErrorKind::unreadable, "cannot read " + name + ": " + reason};
}

const char* way_out(Failure failure) {
  switch (failure) {
    case Failure::not_a_model: return "give a file that `passerelle convert` wrote";
    case Failure::newer: return "update this program, or convert the model with an older one";
    default: return "fetch the file anew, or convert the model again";
  }
}

Error refused(Failure* failure, Failure kind, const std::string& name, const std::string& reason) {
  if (failure) *failure = kind;
  const char* verdict = kind == Failure::not_a_model ? " is no model: "
                        : kind == Failure::newer     ? " is too new: "
                                                     : " is damaged: ";
  return {ErrorKind::unreadable, name + verdict + reason + "; " + way_out(kind)};
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

}  // namespace

File::File(const Source& source, std::unique_ptr<unsigned char[]> head, View view, uint64_t content_digest)
    : name_(source.name),
      descriptor_(source.descriptor),
      offset_(source.offset),
      memory_(source.memory),
      size_(source.size),
      head_(std::move(head)),
      view_(view),
      content_digest_(content_digest) {}

File::File(File&& other) noexcept
    : name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      offset_(other.offset_),
      memory_(other.memory_),
      size_(other.size_),
      head_(std::move(other.head_)),
      view_(other.view_),
      content_digest_(other.content_digest_) {}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Expected<File> File::open(const std::string& path, Failure* failure) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a fifo does not wait
  const std::string quoted = "'" + path + "'";
  if (descriptor.get() < 0)
    return cannot_read(failure, quoted, errno == ENOENT ? "no such file; check the path" : std::strerror(errno));
  struct stat status;
  if (::fstat(descriptor.get(), &status) != 0) return cannot_read(failure, quoted, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return cannot_read(failure, quoted, "it is no regular file");
  auto file = open(Source{path, descriptor.get(), 0, nullptr, static_cast<uint64_t>(status.st_size)}, failure);
  if (file) descriptor.release();
  return file;
}

Expected<File> File::open(int descriptor, uint64_t offset, uint64_t length, Failure* failure) {
  const std::string name = text({"the model in descriptor ", descriptor});
  Descriptor duplicate(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (duplicate.get() < 0) return cannot_read(failure, name, std::strerror(errno));
  struct stat status;
  if (::fstat(duplicate.get(), &status) != 0) return cannot_read(failure, name, std::strerror(errno));
  const uint64_t size = static_cast<uint64_t>(status.st_size);
  if (S_ISREG(status.st_mode) && (offset > size || length > size - offset))
    return cannot_read(failure, name,
                       text({"the file has ", size, " bytes, fewer than the model's ", length, " bytes at ", offset}));
  auto file = open(Source{name, duplicate.get(), offset, nullptr, length}, failure);
  if (file) duplicate.release();
  return file;
}

Expected<File> File::open(Span<const unsigned char> memory, Failure* failure) {
  return open(Source{"the model in memory", -1, 0, memory.data(), memory.size()}, failure);
}

Expected<File> File::open(const Source& source, Failure* failure) {
  Failure kind = Failure::none;
  const auto fail = [&](const Error& error) { return refused(failure, kind, source.name, error.message); };
  unsigned char begin[prefix_peek] = {};
  auto done = read(source, 0, begin, static_cast<size_t>(std::min<uint64_t>(prefix_peek, source.size)), failure);
  if (!done) return done.error();
  const auto size = head_size(begin, source.size, &kind);
  if (!size) return fail(size.error());
  const uint64_t guarded_size = *size + sizeof(uint64_t);  // with its digest
  if (guarded_size > source.size)
    return refused(failure, Failure::damaged, source.name,
                   text({"it ends after ", source.size, " bytes, within its head"}));

  std::unique_ptr<unsigned char[]> head(new (std::nothrow) unsigned char[static_cast<size_t>(guarded_size)]);
  if (!head) return cannot_read(failure, source.name, std::strerror(ENOMEM));
  done = read(source, 0, head.get(), static_cast<size_t>(guarded_size), failure);
  if (!done) return done.error();
  const auto view = View::parse({head.get(), static_cast<size_t>(*size)}, source.size, &kind);
  if (!view) return fail(view.error());
  uint64_t expected;
  std::memcpy(&expected, head.get() + *size, sizeof expected);
  const uint64_t actual = digest(head.get(), static_cast<size_t>(*size));
  if (actual != expected) return refused(failure, Failure::damaged, source.name, "its head was altered");
  return File(source, std::move(head), *view, actual);
}

Expected<void> File::read(uint64_t offset, void* out, size_t size, Failure* failure) const {
  return read(Source{name_, descriptor_, offset_, memory_, size_}, offset, out, size, failure);
}

Expected<void> File::read(const Source& source, uint64_t offset, void* out, size_t size, Failure* failure) {
  if (offset > source.size || size > source.size - offset)
    return refused(failure, Failure::damaged, source.name, text({"it ends before byte ", offset + size}));
  if (source.memory) {
    std::memcpy(out, source.memory + offset, size);
    return {};
  }
  unsigned char* next = static_cast<unsigned char*>(out);
  uint64_t position = source.offset + offset;
  while (size > 0) {
    const ssize_t count = ::pread(source.descriptor, next, size, static_cast<off_t>(position));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(failure, source.name, std::strerror(errno));
    if (count == 0)
      return cannot_read(failure, source.name, text({"it was cut off at byte ", position - source.offset}));
    next += count;
    position += static_cast<uint64_t>(count);
    size -= static_cast<size_t>(count);
  }
  return {};
}

Expected<void> File::verify_weights(Failure* failure) const {
  constexpr uint64_t chunk_size = 1 << 20;
  std::unique_ptr<unsigned char[]> chunk(new (std::nothrow) unsigned char[chunk_size]);
  if (!chunk) return cannot_read(failure, name_, std::strerror(ENOMEM));
  for (uint32_t index = 0; index < view_.window_count(); ++index) {
    const Window window = view_.window(index);
    Digest digest;
    for (uint64_t done = 0; done < window.size;) {
      const size_t size = static_cast<size_t>(std::min<uint64_t>(chunk_size, window.size - done));
      auto result = read(window.offset + done, chunk.get(), size, failure);
      if (!result) return result.error();
      digest.update(chunk.get(), size);
      done += size;
    }
    if (digest.value() != window.digest)
      return refused(failure, Failure::damaged, name_, text({"its weights were altered (window ", index, ")"}));
  }
  return {};
}

}  // namespace passerelle::blob
