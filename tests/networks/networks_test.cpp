// Random networks agree with LibTorch at every level that can express them.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "catch.h"
#include "evaluator.h"
#include "generator.h"
#include "kinds.h"
#include "shrink.h"
#include "trial.h"

namespace passerelle::tests {
namespace {

/// Below it much has no counterpart: networks are made of the statements that can be converted each by itself.
constexpr int complete_level = 3;

/// Of the networks for a level, how many there were and how many were converted.
struct Share {
  int converted = 0;
  int all = 0;
};

struct Counts {
  std::map<int, Share> levels;
  std::map<std::string, int> kinds;  ///< of statements in networks that were converted
};

Target random_target(uint32_t seed) {
  constexpr int levels[] = {4, 3, 6, 2, 8, 1, 4, 3};
  return {levels[seed % 8], seed / 8 % 2 == 1, seed / 16 % 2 == 1};
}

size_t random_length(uint32_t seed) { return 5 + seed * 7 % 26; }

/// Statements that the target refuses become inputs; so do those that are ill-conditioned with what is drawn then.
Network without_refused(Network network, const Target& target) {
  for (size_t i = network.statements.size(); i-- > 0;)
    if (attempt(alone(network, i), target).verdict == Verdict::refused) make_inputs_of(network, i);
  while (const std::optional<size_t> unsound = unsound_statement(network)) make_inputs_of(network, *unsound);
  // Handing an integer through is an operation that these levels lack.
  network.outputs.erase(std::remove_if(network.outputs.begin(), network.outputs.end(),
                                       [&](const std::string& name) {
                                         return network.outputs.size() > 1 &&
                                                std::any_of(network.inputs.begin(), network.inputs.end(),
                                                            [&](const Tensor& input) { return input.name == name; });
                                       }),
                        network.outputs.end());
  remove_unused(network);
  return network;
}

Network network_for(uint32_t seed, const Target& target) {
  Network network = random_network(seed, random_length(seed));
  return target.feature_level < complete_level ? without_refused(std::move(network), target) : network;
}

/// What fails is told as small as it can be made.
void report(uint32_t seed, const Network& network, const Target& target, const Outcome& outcome) {
  const Network small =
      shrink(network, [&](const Network& candidate) { return attempt(candidate, target).verdict == outcome.verdict; });
  FAIL_CHECK("seed " << seed << ", " << to_text(target) << ": " << outcome.text << "\nmade small:\n"
                     << to_text(small) << attempt(small, target).text << "\nthe whole network:\n"
                     << to_text(network));
}

/// With PASSERELLE_SHOW_REFUSED in the environment what is refused is told too.
const bool shows_refusals = std::getenv("PASSERELLE_SHOW_REFUSED") != nullptr;

void run(uint32_t first_seed, uint32_t count, Counts& counts) {
  for (uint32_t seed = first_seed; seed < first_seed + count; ++seed) {
    const Target target = random_target(seed);
    INFO("seed " << seed << ", " << to_text(target));
    const Network network = network_for(seed, target);
    if (network.inputs.empty()) continue;  // nothing of it was left for this level
    const Outcome outcome = attempt(network, target);
    Share& share = counts.levels[target.feature_level];
    ++share.all;
    switch (outcome.verdict) {
      case Verdict::fails: report(seed, network, target, outcome); break;
      case Verdict::refused:
        if (shows_refusals) WARN("seed " << seed << ", " << to_text(target) << ": refused: " << outcome.text);
        break;
      case Verdict::agrees:
        ++share.converted;
        for (const Statement& statement : network.statements) ++counts.kinds[statement.kind];
        SUCCEED();
        break;
    }
  }
}

uint32_t number_from_environment(const char* name, uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

/// Percent of the networks for a level that must be converted.
int floor_of(int level) {
  if (level < complete_level) return 30;
  return level == complete_level ? 70 : 90;
}

void require_shares(const Counts& counts) {
  for (const auto& [level, share] : counts.levels) {
    INFO("level " << level << ": " << share.converted << " of " << share.all << " networks are converted");
    CHECK(share.converted * 100 >= share.all * floor_of(level));
  }
}

/// How often each kind must be among what was converted.
void require_kinds(const Counts& counts, int least) {
  for (const Family& family : families())
    for (const Kind& kind : family.kinds) {
      const auto found = counts.kinds.find(kind.name);
      INFO(family.name << ": " << kind.name);
      CHECK((found == counts.kinds.end() ? 0 : found->second) >= least);
    }
}

}  // namespace

TEST_CASE("Random networks agree with LibTorch") {
  Counts counts;
  run(0, 300, counts);
  require_shares(counts);
}

// Not among the tests that run by themselves: test_networks "[thousands]". Other networks: PASSERELLE_SEED=50000.
TEST_CASE("Thousands of random networks agree with LibTorch", "[.thousands]") {
  Counts counts;
  run(number_from_environment("PASSERELLE_SEED", 10000), number_from_environment("PASSERELLE_NETWORKS", 2000), counts);
  require_shares(counts);
  require_kinds(counts, 5);
}

}  // namespace passerelle::tests
