#include "crc32.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#define PASSERELLE_HAS_CARRYLESS_PRODUCTS 1
#include <immintrin.h>
#endif

namespace passerelle::torchscript {
namespace {

using Bytes = Span<const unsigned char>;
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

CrcTables make_crc_tables() {
  CrcTables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0);
    tables[0][i] = value;
  }
  for (size_t table = 1; table < tables.size(); ++table)
    for (size_t i = 0; i < 256; ++i)
      tables[table][i] = (tables[table - 1][i] >> 8) ^ tables[0][tables[table - 1][i] & 0xff];
  return tables;
}

uint32_t little_endian(const unsigned char* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
}

/// The register after `data`, eight bytes at a time, each through a table of its own.
uint32_t advance(uint32_t crc, Bytes data) {
  static const CrcTables tables = make_crc_tables();
  size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    const uint32_t low = little_endian(data.data() + at) ^ crc;
    const uint32_t high = little_endian(data.data() + at + 4);
    crc = tables[7][low & 0xff] ^ tables[6][(low >> 8) & 0xff] ^ tables[5][(low >> 16) & 0xff] ^ tables[4][low >> 24] ^
          tables[3][high & 0xff] ^ tables[2][(high >> 8) & 0xff] ^ tables[1][(high >> 16) & 0xff] ^
          tables[0][high >> 24];
  }
  for (; at < data.size(); ++at) crc = (crc >> 8) ^ tables[0][(crc ^ data[at]) & 0xff];
  return crc;
}

#if PASSERELLE_HAS_CARRYLESS_PRODUCTS
// A message is a polynomial, and its checksum what is left of it when it is divided by one of degree 32. Sixteen bytes
// may be taken from the front of a message and, multiplied by the right power of x, be added to what follows further
// behind: what is left of the division stays the same. So a long message shrinks to sixteen bytes, which go through the
// tables.

/// x^(distance + 32) and x^(distance - 32) by the checksum's polynomial, bits reversed: what moves the first and the
/// second half of sixteen bytes on.
struct Powers {
  uint64_t first, second;
};
constexpr Powers by_64_bytes{0x154442bd4, 0x1c6e41596}, by_16_bytes{0x1751997d0, 0x0ccaa009e};

#define PASSERELLE_CARRYLESS __attribute__((target("pclmul,sse4.1")))

PASSERELLE_CARRYLESS inline __m128i load(const unsigned char* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// `bytes` moved on, added to what is there.
PASSERELLE_CARRYLESS inline __m128i fold(__m128i bytes, __m128i powers, __m128i there) {
  const __m128i first = _mm_clmulepi64_si128(bytes, powers, 0x00), second = _mm_clmulepi64_si128(bytes, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(first, second), there);
}

PASSERELLE_CARRYLESS inline __m128i vector_of(Powers powers) {
  return _mm_set_epi64x(static_cast<int64_t>(powers.second), static_cast<int64_t>(powers.first));
}

/// The same as advance(), of at least 64 bytes.
PASSERELLE_CARRYLESS uint32_t advance_in_products(uint32_t crc, Bytes data) {
  const unsigned char* at = data.data();
  const unsigned char* const end = at + data.size();
  __m128i parts[4];
  for (int i = 0; i < 4; ++i) parts[i] = load(at + 16 * i);
  parts[0] = _mm_xor_si128(parts[0], _mm_cvtsi32_si128(static_cast<int32_t>(crc)));
  const __m128i far = vector_of(by_64_bytes), near = vector_of(by_16_bytes);
  for (at += 64; end - at >= 64; at += 64)
    for (int i = 0; i < 4; ++i) parts[i] = fold(parts[i], far, load(at + 16 * i));
  __m128i rest = parts[0];
  for (int i = 1; i < 4; ++i) rest = fold(rest, near, parts[i]);
  for (; end - at >= 16; at += 16) rest = fold(rest, near, load(at));
  unsigned char bytes[16];
  std::memcpy(bytes, &rest, sizeof bytes);
  return advance(advance(0, Bytes(bytes, sizeof bytes)), Bytes(at, static_cast<size_t>(end - at)));
}
#endif

}  // namespace

uint32_t plain_crc32(Bytes data, uint32_t before) { return ~advance(~before, data); }

uint32_t crc32(Bytes data, uint32_t before) {
#if PASSERELLE_HAS_CARRYLESS_PRODUCTS
  if (data.size() >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
    return ~advance_in_products(~before, data);
#endif
  return plain_crc32(data, before);
}

}  // namespace passerelle::torchscript
