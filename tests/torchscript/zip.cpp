#include "zip.h"

#include <cstdint>

namespace passerelle::torchscript::testing {

std::string zip(const std::vector<Member>& members) {
  std::string file, directory;
  const auto put = [](std::string& out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  };
  const auto crc = [](const std::string& data) {
    uint32_t value = ~0u;
    for (unsigned char byte : data) {
      value ^= byte;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0);
    }
    return ~value;
  };
  for (const auto& [name, data] : members) {
    const uint64_t offset = file.size();
    file += "PK\x03\x04";
    directory += "PK\x01\x02";
    put(directory, 20, 2);
    for (std::string* out : {&file, &directory}) {
      put(*out, 20, 2);
      put(*out, 0, 2);
      put(*out, 0, 2);
      put(*out, 0, 4);
      put(*out, crc(data), 4);
      put(*out, data.size(), 4);
      put(*out, data.size(), 4);
      put(*out, name.size(), 2);
      put(*out, 0, 2);
    }
    put(directory, 0, 6);
    put(directory, 0, 4);
    put(directory, offset, 4);
    directory += name;
    file += name + data;
  }
  const uint64_t begin = file.size();
  file += directory + "PK\x05\x06";
  put(file, 0, 4);
  put(file, members.size(), 2);
  put(file, members.size(), 2);
  put(file, directory.size(), 4);
  put(file, begin, 4);
  put(file, 0, 2);
  return file;
}

}  // namespace passerelle::torchscript::testing
