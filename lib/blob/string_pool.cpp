#include "string_pool.h"

#include "text.h"

namespace passerelle::blob {

std::string plain_text(const std::string& text, size_t longest) {
  std::string plain;
  for (size_t offset = 0; offset < text.size();) {
    const size_t length = character_size(text.data() + offset, text.size() - offset);
    if (plain.size() + (length ? length : 1) > longest) break;
    if (length > 0)
      plain.append(text, offset, length);
    else
      plain += '?';
    offset += length > 0 ? length : 1;
  }
  return plain;
}

uint32_t StringPool::add(const std::string& text) {
  std::string plain = plain_text(text, longest_name);
  const auto [known, is_new] = offsets_.try_emplace(std::move(plain), static_cast<uint32_t>(bytes_.size()));
  if (is_new) bytes_.insert(bytes_.end(), known->first.c_str(), known->first.c_str() + known->first.size() + 1);
  return known->second;
}

}  // namespace passerelle::blob
