#include "catch.h"

extern "C" int passerelle_test_c_header(void);

TEST_CASE("the header works from C") { CHECK(passerelle_test_c_header() == 0); }
