// XXH64 with seed 0, as https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md defines it: fast, simple, and
// found in everybody's libraries. It guards against accidents, not against forgery.
#pragma once

#include <cstddef>
#include <cstdint>

namespace passerelle::blob {

class Digest {
 public:
  void update(const void* data, size_t size);
  uint64_t value() const;  ///< of everything so far

 private:
  static constexpr size_t stripe_size = 32;

  void consume(const unsigned char* stripe);

  uint64_t lanes_[4] = {0x60EA27EEADC0B5D6, 0xC2B2AE3D27D4EB4F, 0, 0x61C8864E7A143579};
  uint64_t length_ = 0;
  unsigned char pending_[stripe_size];  // the first length_ % stripe_size bytes are not yet in the lanes
};

uint64_t digest(const void* data, size_t size);

}  // namespace passerelle::blob
