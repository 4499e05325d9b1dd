#include "zip_directory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace passerelle::torchscript {
namespace {

constexpr uint32_t local_signature = 0x04034b50;
constexpr uint32_t entry_signature = 0x02014b50;
constexpr uint32_t end_signature = 0x06054b50;
constexpr uint32_t end64_locator_signature = 0x07064b50;
constexpr uint32_t end64_signature = 0x06064b50;
constexpr size_t local_size = 30, entry_size = 46, end_size = 22, end64_locator_size = 20, end64_size = 56;

/// Little-endian; the caller has seen that the bytes are there.
template <typename T>
T number(Bytes bytes, size_t offset) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<T>(bytes[offset + i]) << (8 * i));
  return value;
}

bool fits(Bytes bytes, uint64_t offset, uint64_t size) {
  return offset <= bytes.size() && size <= bytes.size() - offset;
}

Bytes part(Bytes bytes, uint64_t offset, uint64_t size) {
  return Bytes(bytes.data() + offset, static_cast<size_t>(size));
}

struct Directory {
  uint64_t count = 0, size = 0, offset = 0;
};

std::optional<size_t> find_end(Bytes file) {
  if (file.size() < end_size) return std::nullopt;
  const size_t last = file.size() - end_size;
  const size_t first = last > 0xffff ? last - 0xffff : 0;
  for (size_t at = last + 1; at-- > first;)
    if (number<uint32_t>(file, at) == end_signature) return at;
  return std::nullopt;
}

std::optional<Directory> find_directory(Bytes file) {
  const std::optional<size_t> end = find_end(file);
  if (!end) return std::nullopt;
  Directory directory{number<uint16_t>(file, *end + 10), number<uint32_t>(file, *end + 12),
                      number<uint32_t>(file, *end + 16)};
  if (*end < end64_locator_size) return directory;
  const size_t locator = *end - end64_locator_size;
  if (number<uint32_t>(file, locator) != end64_locator_signature) return directory;
  const uint64_t end64 = number<uint64_t>(file, locator + 8);
  if (!fits(file, end64, end64_size) || number<uint32_t>(file, end64) != end64_signature) return std::nullopt;
  return Directory{number<uint64_t>(file, end64 + 32), number<uint64_t>(file, end64 + 40),
                   number<uint64_t>(file, end64 + 48)};
}

/// Sizes and offset that do not fit 32 bits stand in an extra field, in this order, those only that are all ones.
void read_zip64(Bytes extra, uint64_t& size, uint64_t& packed, uint64_t& offset) {
  size_t at = 0;
  while (fits(extra, at, 4)) {
    const uint16_t id = number<uint16_t>(extra, at);
    const uint16_t length = number<uint16_t>(extra, at + 2);
    if (!fits(extra, at + 4, length)) return;
    size_t value = at + 4;
    const size_t value_end = value + length;
    for (uint64_t* field : {&size, &packed, &offset}) {
      if (id != 1 || *field != 0xffffffffu || value + 8 > value_end) continue;
      *field = number<uint64_t>(extra, value);
      value += 8;
    }
    at = value_end;
  }
}

/// The entry's name stands before its data once more.
std::optional<Bytes> local_data(Bytes file, uint64_t offset, uint64_t packed, Bytes name) {
  if (!fits(file, offset, local_size) || number<uint32_t>(file, offset) != local_signature) return std::nullopt;
  if (number<uint16_t>(file, offset + 26) != name.size() || !fits(file, offset + local_size, name.size()) ||
      std::memcmp(file.data() + offset + local_size, name.data(), name.size()) != 0)
    return std::nullopt;
  const uint64_t begin =
      offset + local_size + number<uint16_t>(file, offset + 26) + number<uint16_t>(file, offset + 28);
  if (!fits(file, begin, packed)) return std::nullopt;
  return part(file, begin, packed);
}

Error unreadable(const std::string& path, const std::string& why) {
  return {ErrorKind::unreadable, "cannot read '" + path + "': " + why};
}

}  // namespace

Expected<MappedFile> MappedFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a fifo does not wait
  if (descriptor < 0) return unreadable(path, errno == ENOENT ? "no such file; check the path" : std::strerror(errno));
  const std::shared_ptr<const int> closer(&descriptor, [](const int* opened) { ::close(*opened); });
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return unreadable(path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return unreadable(path, "it is a folder; name the model file in it");
  if (!S_ISREG(status.st_mode)) return unreadable(path, "it is not a regular file");
  if (status.st_size == 0) return unreadable(path, "the file is empty");
  const auto size = static_cast<size_t>(status.st_size);
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (address == MAP_FAILED) return unreadable(path, std::strerror(errno));
  std::shared_ptr<void> mapping(address, [size](void* mapped) { ::munmap(mapped, size); });
  return MappedFile(std::move(mapping), Bytes(static_cast<const unsigned char*>(address), size));
}

void MappedFile::forget(Bytes part) const {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t begin = static_cast<size_t>(part.data() - bytes_.data()) / page * page;
  const size_t end = static_cast<size_t>(part.data() - bytes_.data()) + part.size();
  if (end > begin) ::madvise(static_cast<char*>(mapping_.get()) + begin, end - begin, MADV_DONTNEED);
}

std::vector<ZipEntry> read_zip_directory(Bytes file) {
  const std::optional<Directory> directory = find_directory(file);
  if (!directory || !fits(file, directory->offset, directory->size)) return {};
  const Bytes entries = part(file, directory->offset, directory->size);
  std::vector<ZipEntry> result;
  size_t at = 0;
  for (uint64_t i = 0; i < directory->count; ++i) {
    if (!fits(entries, at, entry_size) || number<uint32_t>(entries, at) != entry_signature) return {};
    const uint64_t name_length = number<uint16_t>(entries, at + 28);
    const uint64_t extra_length = number<uint16_t>(entries, at + 30);
    const uint64_t comment_length = number<uint16_t>(entries, at + 32);
    if (!fits(entries, at + entry_size, name_length + extra_length + comment_length)) return {};
    uint64_t packed = number<uint32_t>(entries, at + 20);
    uint64_t size = number<uint32_t>(entries, at + 24);
    uint64_t offset = number<uint32_t>(entries, at + 42);
    read_zip64(part(entries, at + entry_size + name_length, extra_length), size, packed, offset);
    const Bytes name = part(entries, at + entry_size, name_length);
    const std::optional<Bytes> data = local_data(file, offset, packed, name);
    if (!data) return {};
    const bool stored = number<uint16_t>(entries, at + 10) == 0;
    if (stored && size != packed) return {};
    result.push_back({std::string(name.begin(), name.end()), number<uint32_t>(entries, at + 16), stored, size, *data});
    at += static_cast<size_t>(entry_size + name_length + extra_length + comment_length);
  }
  return result;
}

}  // namespace passerelle::torchscript
