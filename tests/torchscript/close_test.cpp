// What these tests take for close must not be everything.
#include <limits>

#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

graph::HostTensor tensor(std::vector<float> values) {
  const auto count = static_cast<int64_t>(values.size());
  return *floats({count}, std::move(values)).values;
}
bool close(std::vector<float> actual, std::vector<float> expected) {
  return are_close(tensor(std::move(actual)), tensor(std::move(expected)), 1e-3f);
}

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("close is a part of the largest magnitude") {
  CHECK(close({0.009f, -10}, {0, -10}));
  CHECK_FALSE(close({0.011f, -10}, {0, -10}));
  CHECK_FALSE(close({0.001f}, {0}));
}

TEST_CASE("what is no number is close to itself alone") {
  CHECK(close({1, not_a_number, infinity, -infinity}, {1, not_a_number, infinity, -infinity}));
  CHECK_FALSE(close({not_a_number, not_a_number}, {1, 2}));
  CHECK_FALSE(close({1, not_a_number}, {1, 2}));
  CHECK_FALSE(close({1, 2}, {1, not_a_number}));
  CHECK_FALSE(close({1, infinity}, {1, 2}));
  CHECK_FALSE(close({1, 2}, {1, infinity}));
  CHECK_FALSE(close({1, infinity}, {1, -infinity}));
}

}  // namespace passerelle::torchscript::testing
