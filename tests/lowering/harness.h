// Tests of operators, end to end: a TorchScript function of one operator is traced, lowered, optimised for a feature
// level, written, loaded, run by the host NNAPI, and compared with what LibTorch says.
//
//     TEST_CASE("aten::leaky_relu") {
//       std::vector<Case> cases;
//       for (const Shape& shape : {Shape{4}, Shape{2, 3}, Shape{1, 3, 5, 7}})
//         cases.push_back({"return torch.leaky_relu(x, 0.1)", {{"x", shape}}});
//       require_all(cases);
//     }
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/graph/element_type.h"
#include "passerelle/graph/graph.h"

namespace passerelle::tests {

using Shape = std::vector<int64_t>;
using graph::ElementType;

/// An argument of forward, or an attribute of the module, drawn from a fixed seed: uniform in low .. high (integers and
/// bools: rounded down). Of quantized arguments low and high are those of the integers.
struct Tensor {
  std::string name;
  Shape shape;
  double low = -1;
  double high = 1;
  ElementType type = ElementType::float32;
  float scale = 0;  ///< of a quantized argument
  int zero_point = 0;
};

struct Case {
  /// The body of forward(self, ...); one line, or several, each indented by two spaces but the first. Operators by
  /// their names in aten: torch.conv2d, torch.upsample_nearest2d, ..., or quantized.conv2d, ... Results: a tensor or a
  /// tuple or list of them.
  std::string body;
  std::vector<Tensor> inputs;        ///< forward's arguments
  std::vector<Tensor> attributes{};  ///< constants: self.weight, ...
  double tolerance = 2e-6;           ///< greatest difference, as a part of the output's range; quantized: one step
  int lowest_level = 3;              ///< below it the passes must refuse
  std::vector<int> levels{};         ///< where it runs; empty: 3, 4, 6 and 8, quantized cases also at 1 and 2
  bool traced_numbers = false;       ///< numbers stand in the archive as PyTorch's tracer writes them: as tensors
};

/// Runs each case at its feature levels, and once more with floats and quantized tensors of rank 4 as NHWC. What fails
/// is told with its source, shapes and graph.
void require_all(const std::vector<Case>& cases);

/// The case must end with a diagnostic whose message holds `message`.
void require_refused(const Case& test, const std::string& message);

/// `count` of the cases (or all), picked by a fixed seed. With PASSERELLE_ALL_CASES in the environment: all of them.
std::vector<Case> some_of(std::vector<Case> cases, size_t count);

/// The operations of the finished graph, for tests of what a lowering emits: names without duplicates removed.
std::vector<std::string> operations_of(const Case& test, int feature_level, bool channels_last);

/// "[1, 2]": a list in TorchScript.
std::string list(const std::vector<int64_t>& values);
/// "True" or "False".
std::string python(bool value);
/// Shortest text that gives the same double.
std::string python(double value);

}  // namespace passerelle::tests
