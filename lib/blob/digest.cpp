#include "passerelle/blob/digest.h"

#include <algorithm>
#include <cstring>

namespace passerelle::blob {
namespace {

constexpr uint64_t prime1 = 0x9E3779B185EBCA87;
constexpr uint64_t prime2 = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t prime3 = 0x165667B19E3779F9;
constexpr uint64_t prime4 = 0x85EBCA77C2B2AE63;
constexpr uint64_t prime5 = 0x27D4EB2F165667C5;

uint64_t rotate_left(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

template <typename T>
uint64_t load(const unsigned char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

uint64_t round(uint64_t lane, uint64_t input) { return rotate_left(lane + input * prime2, 31) * prime1; }

uint64_t merge(uint64_t sum, uint64_t lane) { return (sum ^ round(0, lane)) * prime1 + prime4; }

}  // namespace

void Digest::consume(const unsigned char* stripe) {
  for (int lane = 0; lane < 4; ++lane) lanes_[lane] = round(lanes_[lane], load<uint64_t>(stripe + 8 * lane));
}

void Digest::update(const void* data, size_t size) {
  const unsigned char* next = static_cast<const unsigned char*>(data);
  const size_t held = length_ % stripe_size;
  length_ += size;
  if (held > 0) {
    const size_t taken = std::min(size, stripe_size - held);
    std::memcpy(pending_ + held, next, taken);
    next += taken;
    size -= taken;
    if (held + taken < stripe_size) return;
    consume(pending_);
  }
  for (; size >= stripe_size; next += stripe_size, size -= stripe_size) consume(next);
  if (size > 0) std::memcpy(pending_, next, size);
}

uint64_t Digest::value() const {
  uint64_t sum;
  if (length_ >= stripe_size) {
    sum =
        rotate_left(lanes_[0], 1) + rotate_left(lanes_[1], 7) + rotate_left(lanes_[2], 12) + rotate_left(lanes_[3], 18);
    for (uint64_t lane : lanes_) sum = merge(sum, lane);
  } else {
    sum = prime5;
  }
  sum += length_;
  const unsigned char* next = pending_;
  size_t left = length_ % stripe_size;
  for (; left >= 8; next += 8, left -= 8) sum = rotate_left(sum ^ round(0, load<uint64_t>(next)), 27) * prime1 + prime4;
  if (left >= 4) {
    sum = rotate_left(sum ^ load<uint32_t>(next) * prime1, 23) * prime2 + prime3;
    next += 4;
    left -= 4;
  }
  for (; left > 0; ++next, --left) sum = rotate_left(sum ^ *next * prime5, 11) * prime1;
  sum = (sum ^ sum >> 33) * prime2;
  sum = (sum ^ sum >> 29) * prime3;
  return sum ^ sum >> 32;
}

uint64_t digest(const void* data, size_t size) {
  Digest digest;
  digest.update(data, size);
  return digest.value();
}

}  // namespace passerelle::blob
