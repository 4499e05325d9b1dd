#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include "catch.h"

int main(int argc, char** argv) {
  const int failed = Catch::Session().run(argc, argv);
#ifdef CATCH_CONFIG_RUNNER
  constexpr int all_skipped = 4;  // as in version 3
  if (failed == 0 && passerelle::testing::a_test_was_skipped) return all_skipped;
#endif
  return failed;
}
