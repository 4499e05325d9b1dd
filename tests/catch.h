// Catch2, version 2 or 3, whichever is there. Tests include this header, never Catch2's own, and write what version 3
// wants: Catch::Matchers::ContainsSubstring, Catch::Approx, SKIP (in a test case itself; a program ends with 4 then).
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>

#define SKIP(reason)                                \
  do {                                              \
    WARN("skipped: " << reason);                    \
    passerelle::testing::a_test_was_skipped = true; \
    return;                                         \
  } while (false)

namespace passerelle::testing {
inline bool a_test_was_skipped = false;
}

namespace Catch {

using Detail::Approx;

namespace Matchers {

inline StdString::ContainsMatcher ContainsSubstring(const std::string& text) { return Contains(text); }

}  // namespace Matchers
}  // namespace Catch
#endif
