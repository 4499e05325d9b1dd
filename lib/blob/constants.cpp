#include "constants.h"

#include <cstring>

#include "passerelle/support/check.h"

namespace passerelle::blob {
namespace {

constexpr size_t most_windows = 65536;  // the format numbers them in 16 bits
constexpr unsigned char zeros[constant_alignment] = {};

}  // namespace

uint64_t padding(uint64_t offset, uint64_t alignment) { return (alignment - offset % alignment) % alignment; }

Span<const unsigned char> ConstantBytes::of(const graph::Constant& constant) {
  const size_t size = constant.byte_size();
  if (constant.is_contiguous()) return {static_cast<const unsigned char*>(constant.data()), size};
  scratch_.resize(size);
  constant.copy_to(scratch_.data());
  return {scratch_.data(), size};
}

std::optional<Place> ConstantStore::add(const graph::Constant& constant) {
  check(constant.byte_size() > 0 && constant.byte_size() <= UINT32_MAX,
        "a constant to be stored has a size of 32 bits");
  const Span<const unsigned char> bytes = bytes_.of(constant);
  if (bytes.size() <= largest_inline_value) return add_value(bytes);
  const uint64_t value = digest(bytes.data(), bytes.size());
  if (auto place = find(constant, bytes, value)) return place;
  if (!open_window_for(bytes.size())) return std::nullopt;

  WindowPlan& window = windows_.back();
  const uint64_t gap = padding(window.size, constant_alignment);
  window.digest.update(zeros, gap);
  window.digest.update(bytes.data(), bytes.size());
  window.constants.push_back({constant, window.size + gap});
  window.size += gap + bytes.size();
  distinct_bytes_ += bytes.size();
  const Known known{static_cast<uint32_t>(windows_.size() - 1), window.constants.size() - 1};
  known_constants_.emplace(value, known);
  return place_of(known);
}

Place ConstantStore::add_value(Span<const unsigned char> bytes) {
  const auto [known, is_new] =
      known_values_.try_emplace(std::string(bytes.begin(), bytes.end()), static_cast<uint32_t>(values_.size()));
  if (is_new) {
    values_.insert(values_.end(), bytes.begin(), bytes.end());
    values_.resize(values_.size() + padding(values_.size(), sizeof(uint32_t)));
  }
  (is_new ? distinct_bytes_ : shared_bytes_) += bytes.size();
  return {Storage::value, 0, known->second};
}

/// Equal digests are a hint: the bytes decide.
std::optional<Place> ConstantStore::find(const graph::Constant& constant, Span<const unsigned char> bytes,
                                         uint64_t digest) {
  const auto [begin, end] = known_constants_.equal_range(digest);
  for (auto known = begin; known != end; ++known) {
    const graph::Constant& other = windows_[known->second.window].constants[known->second.constant].constant;
    if (other.byte_size() != bytes.size()) continue;
    if (std::memcmp(other_bytes_.of(other).data(), bytes.data(), bytes.size()) != 0) continue;
    shared_bytes_ += bytes.size();
    return place_of(known->second);
  }
  return std::nullopt;
}

bool ConstantStore::open_window_for(uint64_t size) {
  if (!windows_.empty()) {
    const uint64_t begin = windows_.back().size + padding(windows_.back().size, constant_alignment);
    if (begin + size <= window_limit_) return true;
  }
  if (windows_.size() == most_windows) return false;
  windows_.emplace_back();
  return true;
}

Place ConstantStore::place_of(const Known& known) const {
  const uint64_t offset = windows_[known.window].constants[known.constant].offset;
  return {Storage::window, static_cast<uint16_t>(known.window), static_cast<uint32_t>(offset / constant_alignment)};
}

}  // namespace passerelle::blob
