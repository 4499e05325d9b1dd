// Random graphs compute the same before and after the passes, at every level that can express them.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "catch.h"
#include "executor.h"
#include "passerelle/nnapi/operation_type.h"
#include "random_graph.h"

namespace passerelle::tests {
namespace {

using Op = graph::OperationType;

void require_close(const Floats& before, const Floats& after) {
  REQUIRE(before.size() == after.size());
  float range = 0;
  for (float value : before) range = std::max(range, std::abs(value));
  for (size_t i = 0; i < before.size(); ++i) {
    INFO("element " << i);
    REQUIRE(std::abs(before[i] - after[i]) <= 2e-5f * std::max(range, 1e-3f));
  }
}

/// Of the random graphs that hold an operation, how many there were and how many were converted. All are now.
struct Share {
  int converted = 0;
  int all = 0;
};
using Shares = std::map<Op, Share>;

/// Below the level at which everything converts, what doesn't is counted.
constexpr int complete_level = 3;

void compare(uint32_t seed, int operations, int level, Shares& shares) {
  CAPTURE(seed, operations, level);
  graph::Module module = random_graph(seed, operations);
  std::vector<Floats> inputs = random_inputs(module, seed);
  std::vector<Floats> before = execute(module, inputs);
  INFO("before the passes:\n" << to_text(module));
  Attempt after = attempt_at(module, level, inputs);
  if (level >= complete_level)
    for (const graph::Diagnostic& diagnostic : after.diagnostics) FAIL(diagnostic.op + ": " + diagnostic.message);
  std::set<Op> kinds;
  for (const graph::Operation& operation : module.main().operations) kinds.insert(*operation.type);
  for (Op kind : kinds) {
    ++shares[kind].all;
    if (after.diagnostics.empty()) ++shares[kind].converted;
  }
  if (!after.diagnostics.empty()) return;
  for (size_t i = 0; i < before.size(); ++i) require_close(before[i], after.outputs[i]);
}

/// Hardly a graph may be left over for the sake of any operation.
void require_most(const Shares& shares) {
  for (const auto& [kind, share] : shares) {
    INFO(nnapi::name(kind) << ": " << share.converted << " of " << share.all);
    CHECK(share.converted * 100 >= share.all * 99);
  }
}

}  // namespace

TEST_CASE("short random graphs keep their meaning at every level") {
  Shares shares;
  for (uint32_t seed = 0; seed < 800; ++seed)
    compare(seed, 1 + static_cast<int>(seed % 5), 1 + static_cast<int>(seed % 8), shares);
  require_most(shares);
}

TEST_CASE("long random graphs keep their meaning at every level") {
  Shares shares;
  for (uint32_t seed = 1000; seed < 1600; ++seed)
    compare(seed, 6 + static_cast<int>(seed % 20), 1 + static_cast<int>(seed % 8), shares);
  require_most(shares);
}

// Not among the tests that run by themselves: test_passes "[thousands]"
TEST_CASE("thousands of random graphs keep their meaning at every level", "[.thousands]") {
  Shares shares;
  for (uint32_t seed = 10000; seed < 18000; ++seed)
    compare(seed, 1 + static_cast<int>(seed % 24), 1 + static_cast<int>(seed / 24 % 8), shares);
  require_most(shares);
}

}  // namespace passerelle::tests
