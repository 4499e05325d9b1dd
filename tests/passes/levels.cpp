#include "levels.h"

#include <cmath>

#include "catch.h"
#include "passerelle/nnapi/operation_type.h"

namespace passerelle::tests {

void require_right(Sketch& sketch, int level, int lowest_level) {
  const std::vector<Floats> inputs = random_inputs(sketch.module(), 7);
  const std::vector<Floats> expected = execute(sketch.module(), inputs);
  const Attempt attempt = attempt_at(sketch.module(), level, inputs);
  CAPTURE(level);
  INFO(to_text(sketch.module()));
  if (level < lowest_level) {
    REQUIRE_FALSE(attempt.diagnostics.empty());
    for (const graph::Diagnostic& diagnostic : attempt.diagnostics) REQUIRE(diagnostic.feature_level > level);
    return;
  }
  for (const graph::Diagnostic& diagnostic : attempt.diagnostics) FAIL(diagnostic.message);
  REQUIRE(attempt.outputs.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    for (size_t j = 0; j < expected[i].size(); ++j) {
      const float a = expected[i][j], b = attempt.outputs[i][j];
      INFO("output " << i << ", element " << j << ": " << a << " became " << b);
      REQUIRE((a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 2e-5f * std::max(1.0f, std::abs(a))));
    }
}

void require_from(int lowest_level, void (*build)(Sketch&)) {
  for (int level = nnapi::lowest_feature_level; level <= nnapi::highest_feature_level; ++level) {
    Sketch sketch(1);
    build(sketch);
    require_right(sketch, level, lowest_level);
  }
}

}  // namespace passerelle::tests
