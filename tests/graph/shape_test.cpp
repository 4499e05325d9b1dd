#include "passerelle/graph/shape.h"
#include "catch.h"

namespace passerelle::graph {

TEST_CASE("permutations compose and invert") {
  Shape shape{2, 3, 4, 5};
  CHECK(permuted(shape, nchw_to_nhwc) == Shape{2, 4, 5, 3});
  CHECK(composed(nchw_to_nhwc, nhwc_to_nchw) == identity_permutation(4));
  Permutation first{3, 1, 0, 2}, second{1, 2, 3, 0};
  CHECK(permuted(permuted(shape, first), second) == permuted(shape, composed(first, second)));
  CHECK(is_identity(composed(first, inverse(first))));
  CHECK_FALSE(is_identity(first));
}

TEST_CASE("shapes are written as users write them") {
  CHECK(to_string({1, 3, 224, 224}) == "1x3x224x224");
  CHECK(to_string(Shape{}) == "scalar");
  CHECK(element_count({}) == 1);
  CHECK(element_count({4, 0, 2}) == 0);
}

}  // namespace passerelle::graph
