// Files that somebody damaged, by accident or with a purpose. Whatever is accepted must be walkable from end to end;
// the sanitizers' build watches for reads outside of the head.
#include <cstring>
#include <memory>
#include <random>

#include "catch.h"
#include "passerelle/blob/file.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::blob_test;

namespace {

/// Parses a copy of exactly the head's size, so that a sanitizer sees every read behind it. True where it was accepted.
bool accepts(const unsigned char* head, size_t size, uint64_t file_size) {
  std::unique_ptr<unsigned char[]> copy(new unsigned char[size > 0 ? size : 1]);
  std::memcpy(copy.get(), head, size);
  blob::Failure failure = blob::Failure::none;
  const auto view = blob::View::parse({copy.get(), size}, file_size, &failure);
  if (!view) {
    if (failure == blob::Failure::none || view.error().message.empty()) FAIL("a refusal without a reason");
    return false;
  }
  walk(*view);  // throws where the view is inconsistent
  return true;
}

bool opens(const std::vector<unsigned char>& file) {
  const auto opened = blob::File::open({file.data(), file.size()});
  if (opened) walk(opened->view());
  return static_cast<bool>(opened);
}

}  // namespace

TEST_CASE("every truncation is refused") {
  const auto bytes = written(rich_graph());
  const size_t size = head_size(bytes);
  for (size_t length = 0; length < size; ++length) {
    INFO(length);
    REQUIRE_FALSE(accepts(bytes.data(), length, bytes.size()));
    std::vector<unsigned char> shortened(bytes.begin(), bytes.begin() + static_cast<long>(length));
    if (length >= 4) {  // a prefix that says what there is
      const uint32_t prefix = static_cast<uint32_t>(length - 4);
      std::memcpy(shortened.data(), &prefix, sizeof prefix);
      REQUIRE_FALSE(accepts(shortened.data(), length, length));
    }
  }
  for (size_t length = 0; length < bytes.size(); length += length < 2 * size ? 1 : 997)
    REQUIRE_FALSE(opens({bytes.begin(), bytes.begin() + static_cast<long>(length)}));
  REQUIRE(opens(bytes));
}

TEST_CASE("any flipped bit of the head is noticed by its digest") {
  const auto bytes = written(rich_graph());
  const size_t end = head_size(bytes) + sizeof(uint64_t);
  for (size_t bit = 0; bit < 8 * end; ++bit) {
    std::vector<unsigned char> flipped = bytes;
    flipped[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
    INFO("bit " << bit);
    REQUIRE_FALSE(opens(flipped));
  }
}

TEST_CASE("flipped bits with a digest made to fit are refused, or still make a sound file") {
  const auto bytes = written(rich_graph());
  const size_t size = head_size(bytes);
  std::mt19937 random(20240229);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<unsigned char> head(bytes.begin(), bytes.begin() + static_cast<long>(size));
    const int flips = 1 + static_cast<int>(random() % 4);
    for (int flip = 0; flip < flips; ++flip) {
      const size_t bit = random() % (8 * size);
      head[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
    }
    accepted += accepts(head.data(), size, bytes.size());
  }
  CHECK(accepted > 0);  // scalars' values may be anything
  CHECK(accepted < 18000);
}

TEST_CASE("every number of the head set to extremes is refused, or still makes a sound file") {
  const auto bytes = written(rich_graph());
  const size_t size = head_size(bytes);
  const uint64_t extremes[] = {0,
                               1,
                               2,
                               0x7F,
                               0x80,
                               0xFF,
                               0x7FFF,
                               0x8000,
                               0xFFFF,
                               0x7FFFFFFF,
                               0x80000000,
                               0xFFFFFFFC,
                               0xFFFFFFFF,
                               0x7FC00000 /* not a number */,
                               0x7F800000 /* infinite */,
                               0xFFFFFFFFFFFFFFFF};
  int accepted = 0, tried = 0;
  for (size_t width : {size_t{1}, size_t{2}, size_t{4}, size_t{8}}) {
    for (size_t offset = 0; offset + width <= size; offset += width < 4 ? width : 4) {
      for (uint64_t extreme : extremes) {
        std::vector<unsigned char> head(bytes.begin(), bytes.begin() + static_cast<long>(size));
        std::memcpy(head.data() + offset, &extreme, width);
        accepted += accepts(head.data(), size, bytes.size());
        ++tried;
      }
    }
  }
  CHECK(accepted > 0);
  CHECK(accepted < tried / 2);
}

TEST_CASE("neighbouring numbers, exchanged or moved by one, are refused, or still make a sound file") {
  const auto bytes = written(rich_graph());
  const size_t size = head_size(bytes);
  for (size_t offset = 0; offset + 8 <= size; offset += 4) {
    for (int kind = 0; kind < 3; ++kind) {
      std::vector<unsigned char> head(bytes.begin(), bytes.begin() + static_cast<long>(size));
      uint32_t words[2];
      std::memcpy(words, head.data() + offset, sizeof words);
      if (kind == 0) std::swap(words[0], words[1]);
      if (kind == 1) ++words[0];
      if (kind == 2) --words[0];
      std::memcpy(head.data() + offset, words, sizeof words);
      accepts(head.data(), size, bytes.size());
    }
  }
}
