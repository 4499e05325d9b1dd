// Random graphs compute the same before and after the passes, at every level that can express them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "executor.h"
#include "random_graph.h"

namespace passerelle::tests {
namespace {

void require_close(const Floats& before, const Floats& after) {
  REQUIRE(before.size() == after.size());
  float range = 0;
  for (float value : before) range = std::max(range, std::abs(value));
  for (size_t i = 0; i < before.size(); ++i) {
    INFO("element " << i);
    REQUIRE(std::abs(before[i] - after[i]) <= 2e-5f * std::max(range, 1e-3f));
  }
}

void compare(uint32_t seed, int operations, int level) {
  CAPTURE(seed, operations, level);
  graph::Graph graph = random_graph(seed, operations);
  std::vector<Floats> inputs = random_inputs(graph, seed);
  std::vector<Floats> before = execute(graph, inputs);
  std::vector<Floats> after = execute_optimised(graph, level, inputs);
  for (size_t i = 0; i < before.size(); ++i) require_close(before[i], after[i]);
}

}  // namespace

TEST_CASE("short random graphs keep their meaning") {
  for (uint32_t seed = 0; seed < 600; ++seed)
    compare(seed, 1 + static_cast<int>(seed % 5), 3 + static_cast<int>(seed % 6));
}

TEST_CASE("long random graphs keep their meaning") {
  for (uint32_t seed = 1000; seed < 1400; ++seed)
    compare(seed, 6 + static_cast<int>(seed % 20), 3 + static_cast<int>(seed % 6));
}

}  // namespace passerelle::tests
