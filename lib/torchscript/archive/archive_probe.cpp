#include "archive_probe.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {
namespace {

using std::string_view_literals::operator""sv;

constexpr char save_again[] =
    "load it in Python, then save it with torch.jit.script(model).save(...) or torch.jit.trace(model, "
    "inputs).save(...)";

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view what;  // "is ..."
};

// Files that people take for TorchScript archives.
constexpr Magic magics[] = {
    {0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv, "legacy"},
    {0, "\x89HDF\r\n"sv, "an HDF5 file (Keras?)"},
    {4, "TFL3"sv, "a TensorFlow Lite model"},
    {4, "PTMF"sv, "a PyTorch Mobile model in its FlatBuffers format; save it with _use_flatbuffer=False"},
    {4, "PSRL"sv, "a converted .nnapi file already"},
    {8, "PSRL"sv, "a converted .nnapi file already"},
    {4, "ET12"sv, "an ExecuTorch program"},
    {0, "\x93NUMPY"sv, "a NumPy array"},
    {0, "GGUF"sv, "a GGUF file"},
    {0, "\x1f\x8b"sv, "gzip-compressed; unpack it first"},
    {0, "BZh"sv, "bzip2-compressed; unpack it first"},
    {0,
     "\xfd"
     "7zXZ"sv,
     "xz-compressed; unpack it first"},
    {0, "7z\xbc\xaf"sv, "7-Zip-compressed; unpack it first"},
    {0,
     "\x7f"
     "ELF"sv,
     "a program"},
    {0, "\x89PNG"sv, "a picture"},
    {0, "\xff\xd8\xff"sv, "a picture"},
    {257, "ustar"sv, "a tar file; unpack it first, or, where PyTorch of 2018 wrote it, save the model again"},
};

bool has(Bytes file, size_t offset, std::string_view bytes) {
  return file.size() >= offset + bytes.size() && std::memcmp(file.data() + offset, bytes.data(), bytes.size()) == 0;
}

/// The first field of an ONNX model is its version, the second the producer's name or what stands in its place.
bool looks_like_onnx(Bytes file) {
  if (file.size() < 16 || file[0] != 0x08 || file[1] == 0 || file[1] > 32) return false;
  return file[2] == 0x12 || file[2] == 0x3a || file[2] == 0x42;
}

bool looks_like_safetensors(Bytes file) {
  if (file.size() < 10 || file[8] != '{') return false;
  uint64_t header = 0;
  for (size_t i = 8; i-- > 0;) header = (header << 8) | file[i];
  return header >= 2 && header <= file.size() - 8;
}

bool looks_like_text(Bytes file) {
  const size_t count = std::min<size_t>(file.size(), 512);
  return std::all_of(file.begin(), file.begin() + count, [](unsigned char byte) {
    return byte == '\n' || byte == '\r' || byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string what_else(Bytes file) {
  for (const Magic& magic : magics) {
    if (!has(file, magic.offset, magic.bytes)) continue;
    if (magic.what == "legacy")
      return std::string("was saved by torch.save in its old format, not by torch.jit.save; ") + save_again;
    return "is " + std::string(magic.what);
  }
  if (looks_like_onnx(file))
    return std::string("looks like an ONNX model; start from the PyTorch model instead: ") + save_again;
  if (looks_like_safetensors(file))
    return std::string(
               "is a safetensors file, which holds weights without the model; put them into the model in Python: ") +
           save_again;
  if (has(file, 0, "version https://git-lfs"sv)) return "is a Git LFS pointer; fetch the real file with git lfs pull";
  if (file[0] == 0x80 && file.size() > 1 && file[1] <= 5)
    return std::string("is a Python pickle, not a TorchScript archive; ") + save_again;
  if (looks_like_text(file)) return "is a text file, not a TorchScript archive";
  return "is not a TorchScript archive, nor anything else that is known here";
}

Error unreadable(const std::string& path, const std::string& what) {
  return {ErrorKind::unreadable, "'" + path + "' " + what};
}

const ZipEntry* find(const std::vector<ZipEntry>& entries, std::string_view name) {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const ZipEntry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

bool any_ends_with(const std::vector<ZipEntry>& entries, std::string_view end) {
  return std::any_of(entries.begin(), entries.end(), [&](const ZipEntry& entry) {
    return entry.name.size() >= end.size() && entry.name.compare(entry.name.size() - end.size(), end.size(), end) == 0;
  });
}

std::string zip_of_another_kind(const std::vector<ZipEntry>& entries, const std::string& root) {
  if (any_ends_with(entries, ".npy")) return "is a NumPy .npz file, not a TorchScript archive";
  if (any_ends_with(entries, "serialized_exported_program.json") || any_ends_with(entries, "models/model.json"))
    return "was saved by torch.export, whose archives can't be read yet; how TorchScript, which can, is made of one "
           "stands in docs/cli.md under \"Models\"";
  if (find(entries, root + "data.pkl") != nullptr)
    return std::string("was saved by torch.save (a state_dict or a pickled module), not by torch.jit.save; ") +
           save_again;
  if (find(entries, root + "bytecode.pkl") != nullptr)
    return std::string("was saved for PyTorch Mobile's interpreter without the model's code; ") + save_again;
  return "is a zip file, but not a TorchScript archive";
}

uint64_t read_version(const ZipEntry* entry) {
  if (entry == nullptr || !entry->stored) return 0;
  uint64_t version = 0;
  for (size_t i = 0; i < std::min<size_t>(entry->data.size(), 9); ++i)
    if (entry->data[i] >= '0' && entry->data[i] <= '9') version = version * 10 + (entry->data[i] - '0');
  return version;
}

/// In parts that do not stay in memory, as LibTorch will soon need as much for itself.
uint32_t checksum(const MappedFile& file, Bytes data) {
  constexpr size_t part_size = size_t{4} << 20;
  uint32_t crc = 0;
  for (size_t at = 0; at < data.size(); at += part_size) {
    const Bytes part(data.data() + at, std::min(part_size, data.size() - at));
    crc = libdeflate_crc32(crc, part.data(), part.size());
    file.forget(part);
  }
  return crc;
}

}  // namespace

Expected<Archive> probe_archive(const std::string& path, uint64_t newest_version) {
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  const Bytes bytes = file->bytes();
  if (!has(bytes, 0, "PK\x03\x04"sv)) return unreadable(path, what_else(bytes));
  Archive archive{*std::move(file), read_zip_directory(bytes), {}, 0};
  const std::vector<ZipEntry>& entries = archive.entries;
  if (entries.empty())
    return unreadable(path,
                      "is a damaged or truncated zip file: its directory can't be read; copy or download it again");
  archive.root = entries[0].name.substr(0, entries[0].name.find('/') + 1);
  const bool has_code = std::any_of(entries.begin(), entries.end(), [&](const ZipEntry& entry) {
    return entry.name.compare(0, archive.root.size() + 5, archive.root + "code/") == 0;
  });
  const bool is_torchscript = has_code && find(entries, archive.root + "data.pkl") != nullptr &&
                              find(entries, archive.root + "constants.pkl") != nullptr;
  if (!is_torchscript) return unreadable(path, zip_of_another_kind(entries, archive.root));
  for (const ZipEntry& entry : entries)
    if (entry.stored && checksum(archive.file, entry.data) != entry.crc32)
      return unreadable(path,
                        "is damaged: the checksum of '" + entry.name + "' in it is wrong; copy or download it again");
  const ZipEntry* version = find(entries, archive.root + "version");
  archive.version = read_version(version != nullptr ? version : find(entries, archive.root + ".data/version"));
  if (archive.version > newest_version)
    return unreadable(path, "is from a newer PyTorch (archive version " + std::to_string(archive.version) +
                                "; LibTorch " + Model::libtorch_version() + " reads up to " +
                                std::to_string(newest_version) +
                                "); read it with a Passerelle built with the LibTorch of that PyTorch");
  return archive;
}

}  // namespace passerelle::torchscript
