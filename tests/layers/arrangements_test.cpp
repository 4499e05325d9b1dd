// In which orders a tensor of PyTorch's may lie in an operand of NNAPI's.
#include <algorithm>
#include <cstring>

#include "catch.h"
#include "rearranged.h"

using namespace passerelle;
using graph::HostTensor;

namespace {

HostTensor counting(const graph::Shape& shape) {
  HostTensor tensor;
  tensor.shape = shape;
  std::vector<float> values(graph::element_count(shape));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  tensor.bytes.resize(values.size() * sizeof(float));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

std::vector<float> values(const HostTensor& tensor) {
  std::vector<float> result(tensor.bytes.size() / sizeof(float));
  std::memcpy(result.data(), tensor.bytes.data(), tensor.bytes.size());
  return result;
}

bool has(const std::vector<HostTensor>& arrangements, const std::vector<float>& wanted) {
  return std::any_of(arrangements.begin(), arrangements.end(),
                     [&](const HostTensor& tensor) { return values(tensor) == wanted; });
}

}  // namespace

TEST_CASE("a picture lies as NHWC") {
  const auto found = layers::arrangements(counting({1, 2, 1, 3}), {1, 1, 3, 2});
  CHECK(has(found, {0, 3, 1, 4, 2, 5}));
  for (const HostTensor& tensor : found) CHECK(tensor.shape == graph::Shape{1, 1, 3, 2});
}

TEST_CASE("equal sizes leave several orders open") {
  const auto found = layers::arrangements(counting({2, 2}), {2, 2});
  CHECK(found.size() == 2);
  CHECK(has(found, {0, 1, 2, 3}));
  CHECK(has(found, {0, 2, 1, 3}));
}

TEST_CASE("flattened, as it is and from NHWC") {
  const auto found = layers::arrangements(counting({1, 2, 1, 3}), {1, 6});
  CHECK(has(found, {0, 1, 2, 3, 4, 5}));
  CHECK(has(found, {0, 3, 1, 4, 2, 5}));
}

TEST_CASE("another number of elements fits nowhere") { CHECK(layers::arrangements(counting({2, 2}), {2, 3}).empty()); }
