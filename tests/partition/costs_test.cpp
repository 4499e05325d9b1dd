#include "passerelle/partition/costs.h"
#include "catch.h"

using namespace passerelle;
using partition::Costs;

TEST_CASE("costs are set one by one, or all by a preset") {
  Costs costs;
  CHECK(costs.call == 300000);
  REQUIRE(partition::set(costs, "gpu"));
  CHECK(costs.call == 600000);
  REQUIRE(partition::set(costs, "call=1.5"));
  CHECK(costs.call == 1.5);
  REQUIRE(partition::set(costs, "npu"));
  CHECK(costs.call == 300000);
}

TEST_CASE("what is no cost is refused with what there is") {
  for (const char* wrong :
       {"tpu", "call", "call=", "call=x", "call=-1", "call=inf", "call=1e999", "wall=1", "=1", ""}) {
    Costs costs;
    const Expected<void> set = partition::set(costs, wrong);
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == ErrorKind::usage);
  }
  Costs costs;
  CHECK(partition::set(costs, "wall=1").error().message ==
        "--partition-cost wall=1: there is no such cost; there are call, border_byte, permuted_byte, cast_byte, "
        "cpu_multiply_add, cpu_byte, nnapi_multiply_add, nnapi_byte");
}
