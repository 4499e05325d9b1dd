// The checksums of zip files.
#include "crc32.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace passerelle;
using torchscript::crc32;
using torchscript::plain_crc32;

TEST_CASE("checksums of bytes that are known") {
  const auto of = [](const std::string& text) {
    return Span<const unsigned char>(reinterpret_cast<const unsigned char*>(text.data()), text.size());
  };
  const std::string digits = "123456789";
  CHECK(plain_crc32(of(digits)) == 0xcbf43926u);
  CHECK(crc32(of(digits)) == 0xcbf43926u);
  CHECK(crc32({}) == 0);
  CHECK(crc32(of(std::string(1 << 20, '\0'))) == 0xa738ea1cu);
}

TEST_CASE("checksums are the same in one part and in several, and on any processor") {
  std::mt19937 random(1);
  std::vector<unsigned char> bytes(1000);
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random());
  for (size_t begin = 0; begin < 20; ++begin) {
    for (size_t size = 0; size + begin <= bytes.size(); size += size < 300 ? 1 : 37) {
      const Span<const unsigned char> all(bytes.data() + begin, size);
      const uint32_t expected = plain_crc32(all);
      REQUIRE(crc32(all) == expected);
      const size_t half = size / 2;
      const uint32_t first = crc32({all.data(), half});
      REQUIRE(crc32({all.data() + half, size - half}, first) == expected);
    }
  }
}
