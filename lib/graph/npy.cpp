// NumPy's .npy format: numpy/lib/format.py describes it. A file is a magic number, a version, the length of the header,
// the header (a Python dict literal with the keys descr, fortran_order and shape) and the elements.

#include <sys/stat.h>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "passerelle/graph/converted.h"
#include "passerelle/graph/host_tensor.h"
#include "passerelle/graph/npy_files.h"
#include "passerelle/support/atomic_file.h"

namespace passerelle::graph {
namespace {

constexpr std::string_view magic{"\x93NUMPY", 6};
constexpr size_t longest_header = size_t{1} << 20;
constexpr size_t highest_rank = 64;  // NumPy's own limit

struct Dtype {
  ElementType type;
  std::string_view descr;
};
// Quantized tensors have no dtype of their own: they are written as their integers, and read as integers. So has
// bfloat16: its numbers are written as float32, which holds them all.
constexpr Dtype dtypes[] = {
    {ElementType::float32, "<f4"},  {ElementType::float64, "<f8"}, {ElementType::float16, "<f2"},
    {ElementType::int8, "|i1"},     {ElementType::uint8, "|u1"},   {ElementType::int16, "<i2"},
    {ElementType::int32, "<i4"},    {ElementType::int64, "<i8"},   {ElementType::bool8, "|b1"},
    {ElementType::quint8, "|u1"},   {ElementType::qint8, "|i1"},   {ElementType::qint32, "<i4"},
    {ElementType::bfloat16, "<f4"},
};

std::optional<ElementType> type_of(std::string_view descr) {
  for (const Dtype& dtype : dtypes)
    // Elements of one byte have no byte order; some writers give one all the same.
    if (dtype.descr == descr ||
        (byte_size(dtype.type) == 1 && !descr.empty() && dtype.descr.substr(1) == descr.substr(1)))
      return dtype.type;
  return std::nullopt;
}

std::string_view descr_of(ElementType type) {
  for (const Dtype& dtype : dtypes)
    if (dtype.type == type) return dtype.descr;
  return {};
}

struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<uint64_t> shape;
};

/// Reads the dict literal. Every member returns false, and consumes nothing in particular, where the text is another.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}

  std::optional<Header> parse() {
    Header header;
    bool seen[3] = {};
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      std::string key;
      if (!string(key) || !take(':')) return std::nullopt;
      int member = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      if (member < 0 || seen[member]) return std::nullopt;
      seen[member] = true;
      bool ok = member == 0 ? string(header.descr) : member == 1 ? boolean(header.fortran_order) : tuple(header.shape);
      if (!ok) return std::nullopt;
      if (!take(',') && peek() != '}') return std::nullopt;
    }
    skip_space();
    if (!rest_.empty() || !seen[0] || !seen[1] || !seen[2]) return std::nullopt;
    return header;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
  }
  char peek() {
    skip_space();
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool string(std::string& out) {
    char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return false;
    out = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return out.find('\\') == std::string::npos;
  }
  bool boolean(bool& out) {
    skip_space();
    for (bool value : {false, true}) {
      std::string_view word = value ? "True" : "False";
      if (rest_.substr(0, word.size()) != word) continue;
      rest_.remove_prefix(word.size());
      out = value;
      return true;
    }
    return false;
  }
  bool tuple(std::vector<uint64_t>& out) {
    if (!take('(')) return false;
    while (!take(')')) {
      skip_space();
      uint64_t value = 0;
      auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
      if (error != std::errc() || out.size() == highest_rank) return false;
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      take('L');  // Python 2 wrote long integers so
      out.push_back(value);
      if (!take(',') && peek() != ')') return false;
    }
    return true;
  }

  std::string_view rest_;
};

/// The product of the dimensions, or nothing where it does not fit: a header's shape is anybody's invention.
std::optional<uint64_t> count_of(const std::vector<uint64_t>& shape) {
  for (uint64_t dimension : shape)
    if (dimension > UINT32_MAX) return std::nullopt;
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return 0;
  uint64_t count = 1;
  for (uint64_t dimension : shape)
    if (__builtin_mul_overflow(count, dimension, &count)) return std::nullopt;
  return count;
}

/// First index fastest → last index fastest.
std::vector<unsigned char> to_c_order(const std::vector<unsigned char>& bytes, const Shape& shape, size_t size) {
  std::vector<unsigned char> result(bytes.size());
  std::vector<size_t> strides(shape.size(), 1);
  for (size_t i = 1; i < shape.size(); ++i) strides[i] = strides[i - 1] * shape[i - 1];
  std::vector<uint32_t> index(shape.size(), 0);
  size_t from = 0;
  for (size_t to = 0; to < bytes.size(); to += size) {
    std::memcpy(&result[to], &bytes[from * size], size);
    for (size_t d = shape.size(); d-- > 0;) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return result;
}

/// What stands before the elements, or an Error; `file` is left at the first element.
Expected<Header> read_header(std::ifstream& file, const std::string& path) {
  auto unreadable = [&](const std::string& what) { return Error{ErrorKind::unreadable, path + ": " + what}; };
  char start[8];
  if (!file.read(start, sizeof start) || std::string_view(start, magic.size()) != magic)
    return unreadable("not a .npy file; write one with numpy.save");
  int major = static_cast<unsigned char>(start[6]);
  if (major < 1 || major > 3)
    return unreadable("a .npy file of version " + std::to_string(major) + "; 1 to 3 are known");
  unsigned char length_bytes[4] = {};
  if (!file.read(reinterpret_cast<char*>(length_bytes), major == 1 ? 2 : 4))
    return unreadable("damaged: it ends inside its header");
  size_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | length_bytes[i];
  if (length > longest_header) return unreadable("damaged: a header of " + std::to_string(length) + " bytes");
  std::string text(length, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(length)))
    return unreadable("damaged: it ends inside its header");
  if (text.find("'descr': [") != std::string::npos)
    return unreadable("structured elements (several fields each) are not a tensor; save one field");
  std::optional<Header> header = HeaderParser(text).parse();
  if (!header) return unreadable("damaged: its header is not NumPy's");
  return *std::move(header);
}

std::string why_not_a_type(const std::string& descr) {
  if (descr.size() > 1 && descr[0] == '>')
    return "big-endian elements ('" + descr + "'); save array.astype('<" + descr.substr(1) + "')";
  if (descr.size() > 1 && descr[1] == 'O') return "Python objects are not a tensor; save an array of numbers";
  return "elements of NumPy's type '" + descr +
         "'; known are float16, float32, float64, int8, uint8, int16, int32, int64 and bool";
}

}  // namespace

Expected<HostTensor> read_npy(const std::string& path) {
  auto unreadable = [&](const std::string& what) { return Error{ErrorKind::unreadable, path + ": " + what}; };
  struct stat status;
  const auto cannot_read = [&] {
    const std::string reason = errno == ENOENT ? "no such file; check the path" : std::strerror(errno);
    return Error{ErrorKind::unreadable, "cannot read '" + path + "': " + reason};
  };
  if (::stat(path.c_str(), &status) != 0) return cannot_read();
  if (!S_ISREG(status.st_mode)) return unreadable("not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return cannot_read();

  Expected<Header> header = read_header(file, path);
  if (!header) return header.error();
  std::optional<ElementType> type = type_of(header->descr);
  if (!type) return unreadable(why_not_a_type(header->descr));
  std::optional<uint64_t> count = count_of(header->shape);
  // Compared with the file's size before anything is allocated.
  uint64_t available = static_cast<uint64_t>(status.st_size) - static_cast<uint64_t>(file.tellg());
  if (!count || *count > available / byte_size(*type))
    return unreadable("damaged: shorter than the shape in its header");
  if (*count * byte_size(*type) < available) return unreadable("damaged: longer than the shape in its header");

  HostTensor tensor;
  tensor.type = *type;
  tensor.shape.assign(header->shape.begin(), header->shape.end());
  tensor.bytes.resize(*count * byte_size(*type));
  if (!file.read(reinterpret_cast<char*>(tensor.bytes.data()), static_cast<std::streamsize>(tensor.bytes.size())))
    return unreadable("cannot be read to its end");
  if (header->fortran_order && tensor.shape.size() > 1)
    tensor.bytes = to_c_order(tensor.bytes, tensor.shape, byte_size(*type));
  if (*type == ElementType::bool8)
    for (unsigned char& byte : tensor.bytes) byte = byte != 0;  // any other byte is not a bool in C++
  return tensor;
}

namespace {

/// All but the name.
Expected<AtomicFile> written_npy(const std::string& path, const HostTensor& tensor) {
  std::string_view descr = descr_of(tensor.type);
  if (descr.empty())
    return Error{ErrorKind::unwritable,
                 path + ": NumPy has no type for " + std::string(name(tensor.type)) + " elements"};
  std::string header = "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    header += std::to_string(tensor.shape[i]) + (i + 1 < tensor.shape.size() ? ", "
                                                 : tensor.shape.size() == 1  ? ","
                                                                             : "");
  header += "), }";
  // NumPy pads with spaces so that the elements begin on a multiple of 64 bytes, and ends the header with a line feed.
  size_t before = magic.size() + 4;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';

  std::string start(magic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  const bool widens = tensor.type == ElementType::bfloat16;
  const std::vector<unsigned char> elements = widens ? converted(tensor, ElementType::float32).bytes : tensor.bytes;
  for (const auto& [data, size] : {std::pair<const void*, size_t>{start.data(), start.size()},
                                   {header.data(), header.size()},
                                   {elements.data(), elements.size()}})
    if (Expected<void> written = file->write(data, size); !written) return written.error();
  return file;
}

}  // namespace

Expected<void> write_npy(const std::string& path, const HostTensor& tensor) {
  Expected<AtomicFile> file = written_npy(path, tensor);
  return file ? file->commit() : file.error();
}

Expected<void> NpyFiles::add(const std::string& path, const HostTensor& tensor) {
  Expected<AtomicFile> file = written_npy(path, tensor);
  if (!file) return file.error();
  files_.push_back(*std::move(file));
  return {};
}

Expected<void> NpyFiles::commit() {
  for (AtomicFile& file : files_)
    if (Expected<void> synced = file.sync(); !synced) return synced;
  for (AtomicFile& file : files_)
    if (Expected<void> done = file.commit(); !done) return done;
  files_.clear();
  return {};
}

}  // namespace passerelle::graph
