#include "archive_check.h"

#include <caffe2/serialize/inline_container.h>
#include <libdeflate.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "code_check.h"
#include "declarations.h"
#include "foreign/operators.h"
#include "interpreter/failures.h"
#include "pickle_check.h"

namespace passerelle::torchscript {
namespace {

constexpr uint64_t largest_ratio = 1100;  // of unpacked to packed bytes; deflate reaches 1032

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool starts_with(const std::string& text, std::string_view begin) { return text.compare(0, begin.size(), begin) == 0; }

/// The archive's entries by name without the folder that they are all in. LibTorch compares names in lower case.
using Entries = std::map<std::string, const ZipEntry*>;

StorageSize sizes_in(const Entries& entries, const std::string& folder) {
  return [&entries, folder](std::string_view key) -> std::optional<uint64_t> {
    const auto found = entries.find(lower(folder + std::string(key)));
    if (found == entries.end()) return std::nullopt;
    return found->second->size;
  };
}

bool is_code(const std::string& name) { return starts_with(name, "code/") && !ends_with(name, ".debug_pkl"); }

/// "code/__torch__/models/a.py" → "__torch__.models.a."
std::string module_of(const std::string& name) {
  std::string module = name.substr(5);
  if (ends_with(module, ".py")) module.resize(module.size() - 3);
  std::replace(module.begin(), module.end(), '/', '.');
  return module + ".";
}

std::string_view text_of(Bytes data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

std::optional<std::string> flaw_in_entry(const std::string& name, Bytes data, const Entries& entries,
                                         const Declarations& declarations) {
  if (name == "data.pkl") return flaw_in_values(data, sizes_in(entries, "data/"), declarations);
  if (name == "constants.pkl") return flaw_in_values(data, sizes_in(entries, "constants/"), declarations);
  if (ends_with(name, ".debug_pkl")) return flaw_in_source_ranges(data);
  if (is_code(name)) return flaw_in_code(text_of(data));
  return std::nullopt;
}

}  // namespace

Expected<std::set<std::string>> check_entries(const std::string& path, const Archive& archive) {
  const auto damaged = [&](const std::string& what) {
    return Error{ErrorKind::unreadable, "'" + path + "' is damaged: " + what + "; copy or download it again"};
  };
  Entries entries;
  std::set<std::string> operators;
  for (const ZipEntry& entry : archive.entries) {
    if (!starts_with(entry.name, archive.root))
      return damaged("'" + entry.name + "' in it lies in a folder of its own");
    if (!entries.emplace(lower(entry.name.substr(archive.root.size())), &entry).second)
      return damaged("'" + entry.name + "' is in it twice");
    if (!entry.stored && entry.size / largest_ratio > entry.data.size())
      return damaged("'" + entry.name + "' in it says that it unpacks to " + std::to_string(entry.size) + " bytes");
  }
  Declarations declarations;
  try {
    caffe2::serialize::PyTorchStreamReader reader(path);
    for (const auto& [name, entry] : entries) {
      const std::string record = entry->name.substr(archive.root.size());
      if (archive.file.bytes().data() + reader.getRecordOffset(record) != entry->data.data())
        return damaged("its directory is ambiguous");
      at::DataPtr unpacked;
      Bytes data = entry->data;
      if (!entry->stored) {
        size_t size = 0;
        std::tie(unpacked, size) = reader.getRecord(record);
        data = Bytes(static_cast<const unsigned char*>(unpacked.get()), size);
        if (libdeflate_crc32(0, data.data(), data.size()) != entry->crc32)
          return damaged("the checksum of '" + entry->name + "' in it is wrong");
      }
      if (const auto flaw = flaw_in_entry(name, data, entries, declarations))
        return damaged("'" + entry->name + "' in it " + *flaw);
      if (!is_code(name)) continue;  // and all code stands before data.pkl and constants.pkl
      operators.merge(operators_named_in(text_of(data)));
      declarations.read(text_of(data), module_of(record));
    }
    if (const auto flaw = declarations.flaw()) return damaged("its code " + *flaw);
  } catch (const std::exception& exception) {
    return damaged(first_line(exception));
  }
  return operators;
}

}  // namespace passerelle::torchscript
