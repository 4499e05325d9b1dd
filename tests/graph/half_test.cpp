#include "passerelle/graph/half.h"
#include "catch.h"

#include <cmath>
#include <limits>

using namespace passerelle::graph;

TEST_CASE("every 16-bit float survives the way to 32 bits and back") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = half_to_float(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      CHECK(std::isnan(half_to_float(half_from_float(value))));
    } else if (half_from_float(value) != bits) {
      FAIL("the half " << bits << " came back as " << half_from_float(value));
    }
  }
}

TEST_CASE("what lies between two 16-bit floats goes to the nearer one, or the even one") {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const float below = half_to_float(static_cast<uint16_t>(bits)),
                above = half_to_float(static_cast<uint16_t>(bits + 1));
    const float middle = (below + above) / 2;
    const uint16_t even = static_cast<uint16_t>(bits % 2 == 0 ? bits : bits + 1);
    if (half_from_float(middle) != even) FAIL("the middle above " << bits);
    if (half_from_float(std::nextafter(middle, 0.0f)) != bits) FAIL("below the middle above " << bits);
    if (half_from_float(std::nextafter(middle, above)) != bits + 1) FAIL("above the middle above " << bits);
  }
  CHECK(half_from_float(65519.9f) == 0x7bff);
  CHECK(half_from_float(65520.0f) == 0x7c00);
  CHECK(half_from_float(-std::numeric_limits<float>::infinity()) == 0xfc00);
  CHECK(half_from_float(-0.0f) == 0x8000);
}

TEST_CASE("every bfloat16 survives, and what lies between two goes to the nearer one, or the even one") {
  for (uint32_t bits = 0; bits < 0x7f7f; ++bits) {
    const float below = bfloat16_to_float(static_cast<uint16_t>(bits)),
                above = bfloat16_to_float(static_cast<uint16_t>(bits + 1));
    const float middle = below / 2 + above / 2;
    const uint16_t even = static_cast<uint16_t>(bits % 2 == 0 ? bits : bits + 1);
    if (bfloat16_from_float(below) != bits) FAIL("bfloat16 " << bits);
    if (bfloat16_from_float(middle) != even) FAIL("the middle above " << bits);
    if (bfloat16_from_float(std::nextafter(middle, 0.0f)) != bits) FAIL("below the middle above " << bits);
    if (bfloat16_from_float(std::nextafter(middle, above)) != bits + 1) FAIL("above the middle above " << bits);
  }
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(bfloat16_from_float(-infinity) == 0xff80);
  CHECK(bfloat16_from_float(std::numeric_limits<float>::max()) == 0x7f80);
  CHECK(bfloat16_from_float(-0.0f) == 0x8000);
  CHECK(std::isnan(bfloat16_to_float(bfloat16_from_float(std::numeric_limits<float>::quiet_NaN()))));
}
