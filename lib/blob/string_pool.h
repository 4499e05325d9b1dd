// The pool of strings of a file's head.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace passerelle::blob {

/// `text` as a file may hold it: what is no UTF-8, and control characters, become question marks; cut at `longest`
/// bytes.
std::string plain_text(const std::string& text, size_t longest);

/// Equal strings are stored once.
class StringPool {
 public:
  uint32_t add(const std::string& text);
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
  std::unordered_map<std::string, uint32_t> offsets_;
};

}  // namespace passerelle::blob
