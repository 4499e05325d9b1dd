#include "constants.h"

#include <algorithm>
#include <cstring>

#include "passerelle/support/check.h"

namespace passerelle::blob {
namespace {

constexpr size_t most_windows = 65536;          // the format numbers them in 16 bits
constexpr size_t piece_size = size_t{1} << 20;  // what is read stays in the processor's cache until it is written

/// Of the size and of some elements at the begin, in the middle and at the end: distinct weights are told apart by it.
uint64_t sample_of(const graph::Constant& constant) {
  constexpr size_t longest = 1024;
  const size_t element = graph::byte_size(constant.type());
  const size_t count = std::min(constant.size(), longest / element);
  const uint64_t size = constant.byte_size();
  alignas(uint64_t) unsigned char bytes[longest];
  Digest digest;
  digest.update(&size, sizeof size);
  for (const size_t first : {size_t{0}, (constant.size() - count) / 2, constant.size() - count}) {
    constant.copy_to(bytes, first, count);
    digest.update(bytes, count * element);
  }
  return digest.value();
}

}  // namespace

uint64_t padding(uint64_t offset, uint64_t alignment) { return (alignment - offset % alignment) % alignment; }

void ConstantReader::begin(const graph::Constant& constant) {
  constant_ = &constant;
  position_ = 0;
  in_place_ = constant.is_contiguous();
}

Span<const unsigned char> ConstantReader::next() {
  const size_t element = graph::byte_size(constant_->type());
  const size_t first = position_;
  const size_t count = std::min(constant_->size() - first, piece_size / element);
  position_ += count;
  if (in_place_) return {static_cast<const unsigned char*>(constant_->data()) + first * element, count * element};
  if (scratch_.size() < count * element) scratch_.resize(count * element);
  constant_->copy_to(scratch_.data(), first, count);
  return {scratch_.data(), count * element};
}

std::optional<Place> ConstantStore::add(const graph::Constant& constant) {
  const uint64_t size = constant.byte_size();
  check(size > 0 && size <= UINT32_MAX, "a constant to be stored has a size of 32 bits");
  if (size <= largest_inline_value) return add_value(constant);
  const uint64_t sample = sample_of(constant);
  if (auto place = find(constant, sample)) return place;
  if (!open_window_for(size)) return std::nullopt;

  WindowPlan& window = windows_.back();
  window.size += padding(window.size, constant_alignment);
  window.constants.push_back({constant, window.size, {}});
  window.size += size;
  distinct_bytes_ += size;
  const Known known{static_cast<uint32_t>(windows_.size() - 1), window.constants.size() - 1};
  known_constants_.emplace(sample, known);
  return place_of(known);
}

Place ConstantStore::add_value(const graph::Constant& constant) {
  std::string bytes(constant.byte_size(), '\0');
  constant.copy_to(bytes.data());
  const auto [known, is_new] = known_values_.try_emplace(bytes, static_cast<uint32_t>(values_.size()));
  if (is_new) {
    values_.insert(values_.end(), bytes.begin(), bytes.end());
    values_.resize(values_.size() + padding(values_.size(), sizeof(uint32_t)));
  }
  (is_new ? distinct_bytes_ : shared_bytes_) += bytes.size();
  return {Storage::value, 0, known->second};
}

/// Equal samples, and then equal digests, are a hint: the bytes decide.
std::optional<Place> ConstantStore::find(const graph::Constant& constant, uint64_t sample) {
  const auto [begin, end] = known_constants_.equal_range(sample);
  if (begin == end) return std::nullopt;
  const uint64_t digest = digest_of(constant);
  for (auto known = begin; known != end; ++known) {
    StoredConstant& other = windows_[known->second.window].constants[known->second.constant];
    if (!other.digest) other.digest = digest_of(other.constant);
    if (digest != *other.digest || !are_equal(constant, other.constant)) continue;
    shared_bytes_ += constant.byte_size();
    return place_of(known->second);
  }
  return std::nullopt;
}

uint64_t ConstantStore::digest_of(const graph::Constant& constant) {
  Digest digest;
  reader_.begin(constant);
  for (auto piece = reader_.next(); !piece.empty(); piece = reader_.next()) digest.update(piece.data(), piece.size());
  return digest.value();
}

/// Pieces are as long for one as for the other, whatever their types are.
bool ConstantStore::are_equal(const graph::Constant& one, const graph::Constant& other) {
  if (one.byte_size() != other.byte_size()) return false;
  reader_.begin(one);
  other_reader_.begin(other);
  for (auto piece = reader_.next(); !piece.empty(); piece = reader_.next())
    if (std::memcmp(piece.data(), other_reader_.next().data(), piece.size()) != 0) return false;
  return true;
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
