// The fuzzers' mutator, and what it finds where no fuzzer is built.
#include "mutation.h"
#include "catch.h"
#include "passerelle/blob/file.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::blob_test;

namespace {

struct Count {
  int opened = 0, damaged_weights = 0, refused = 0;
};

Count open_mutants(bool (*mutate)(std::vector<unsigned char>&, Random&), int rounds) {
  Random random(20261123);
  std::vector<std::vector<unsigned char>> files{written(rich_graph()), written(sum_graph({counting({100})})),
                                                written(branching_module())};
  Count count;
  for (int round = 0; round < rounds; ++round) {
    std::vector<unsigned char> mutant = files[random() % files.size()];
    REQUIRE(mutate(mutant, random));
    INFO("round " << round);
    blob::Failure failure = blob::Failure::none;
    const auto file = blob::File::open({mutant.data(), mutant.size()}, &failure);
    if (file) {
      walk(file->view());  // throws where the view is inconsistent
      ++count.opened;
      count.damaged_weights += file->verify_weights() ? 0 : 1;
      if (files.size() < 200 && mutant.size() < (1 << 17)) files.push_back(std::move(mutant));
    } else {
      REQUIRE(failure != blob::Failure::none);
      REQUIRE(file.error().message.find("its head was altered") == std::string::npos);
      ++count.refused;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("mutated tables are refused for what they say, or make a sound file") {
  const Count count = open_mutants(mutate_model, 10000);
  CHECK(count.opened > 2000);
  CHECK(count.refused > 2000);
  CHECK(count.damaged_weights < count.opened / 4);
}

TEST_CASE("mutated words of the head are refused for what they say, or make a sound file") {
  const Count count = open_mutants(mutate_words, 10000);
  CHECK(count.opened > 500);
  CHECK(count.refused > 2000);
}
