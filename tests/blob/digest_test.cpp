// Expected values: the reference implementation, libxxhash 0.8.1, on bytes 0, 7, 14, ... (modulo 256).
#include "passerelle/blob/digest.h"
#include "catch.h"

#include <vector>

using passerelle::blob::Digest;

TEST_CASE("the digest is XXH64") {
  std::vector<unsigned char> bytes(1000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 7);
  struct Row {
    size_t size;
    uint64_t expected;
  };
  const Row rows[] = {{0, 0xef46db3751d8e999},  {1, 0xe934a84adb052768},   {3, 0x9ff70a635a6209ab},
                      {4, 0xae5acdc00a55ac41},  {7, 0xd734a6b26f3da63e},   {8, 0x87116b3365b924eb},
                      {31, 0x0f187c62b1e722b7}, {32, 0x91b0cb0931a8c629},  {33, 0x931b043cf8d65b94},
                      {63, 0x219110bf13e2fa26}, {101, 0x42312f4d55d9bd17}, {1000, 0x25275608a9cfc168}};
  for (const Row& row : rows) {
    CHECK(passerelle::blob::digest(bytes.data(), row.size) == row.expected);
    for (size_t step : {1, 5, 32, 40}) {
      Digest digest;
      for (size_t done = 0; done < row.size; done += step)
        digest.update(bytes.data() + done, std::min(step, row.size - done));
      CHECK(digest.value() == row.expected);
    }
  }
}
