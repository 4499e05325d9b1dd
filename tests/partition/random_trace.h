// Traces of made-up operators, for tests of the cut: it looks at who reads whom, at sizes and at names.
#pragma once

#include <cstdint>
#include <random>

#include "passerelle/partition/cut.h"

namespace passerelle::tests {

struct RandomTrace {
  trace::Trace trace;
  partition::Constraints constraints;
};

/// Up to `most` operators that read one to three of the inputs and results before them, some of which stay with
/// LibTorch.
RandomTrace random_trace(std::mt19937& random, uint32_t most);

/// A float32 tensor of this shape.
trace::TensorId add_tensor(trace::Trace& trace, std::vector<int64_t> shape);
/// An operator "aten::NAME" on these tensors, with a result of this shape.
trace::TensorId add_node(RandomTrace& to, const std::string& name, const std::vector<trace::TensorId>& reads,
                         std::vector<int64_t> shape, bool stays = false);
void add_input(trace::Trace& trace, trace::TensorId tensor);
void add_output(trace::Trace& trace, trace::TensorId tensor);

}  // namespace passerelle::tests
