// How benchmarks measure.
#include <chrono>
#include <string>
#include <thread>

#include "catch.h"
#include "passerelle/bench/timing.h"

using namespace passerelle;

TEST_CASE("quantiles lie between neighbours") {
  bench::Timing timing;
  timing.seconds = {4, 1, 3, 2};
  CHECK(timing.lowest() == 1);
  CHECK(timing.highest() == 4);
  CHECK(timing.median() == 2.5);
  CHECK(timing.quantile(0.25) == 1.75);
  timing.cpu_seconds = 20;
  CHECK(timing.cpu_use() == 2);
  CHECK(bench::Timing{}.median() == 0);
}

TEST_CASE("what warms up is not counted, and what fails stops") {
  int runs = 0;
  bool succeeded = false;
  const auto sleep = [&] {
    ++runs;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return true;
  };
  const bench::Timing timing = bench::measure(sleep, {2, 3}, succeeded);
  CHECK(succeeded);
  CHECK(runs == 5);
  REQUIRE(timing.seconds.size() == 3);
  CHECK(timing.lowest() >= 0.005);
  CHECK(timing.cpu_use() < 0.9);  // it slept
  CHECK(timing.lowest_cpu_seconds <= timing.cpu_seconds / 3);

  runs = 0;
  bench::measure([&] { return ++runs < 3; }, {1, 10}, succeeded);
  CHECK_FALSE(succeeded);
  CHECK(runs == 3);
}

TEST_CASE("what is compared takes turns") {
  std::string order;
  bool succeeded = false;
  const auto named = [&](char name) { return [&order, name] { return order += name, order.size() < 8; }; };
  std::vector<bench::Timing> timings = bench::measure_in_turn({named('a'), named('b')}, {1, 2}, succeeded);
  CHECK(succeeded);
  CHECK(order == "ababab");
  REQUIRE(timings.size() == 2);
  CHECK(timings[0].seconds.size() == 2);
  CHECK(timings[1].seconds.size() == 2);

  bench::measure_in_turn({named('a'), named('b')}, {1, 2}, succeeded);
  CHECK_FALSE(succeeded);
  CHECK(order == "abababab");
}

TEST_CASE("no run begins when the time is up, but for one that counts") {
  int runs = 0;
  bool succeeded = false;
  const auto run = [&] { return ++runs > 0; };
  int after = 0;
  const bench::Timing timing = bench::measure(run, {5, 10, 0}, succeeded, [&] { ++after; });
  CHECK(succeeded);
  CHECK(runs == 1);
  CHECK(after == 1);
  CHECK(timing.seconds.size() == 1);
  bench::measure(run, {5, 10}, succeeded, [&] { ++after; });
  CHECK(runs == 1 + 15);
  CHECK(after == 1 + 10);
}
