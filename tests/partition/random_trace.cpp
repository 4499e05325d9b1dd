#include "random_trace.h"

namespace passerelle::tests {

using trace::TensorId;

TensorId add_tensor(trace::Trace& trace, std::vector<int64_t> shape) {
  trace::Tensor tensor;
  tensor.shape = std::move(shape);
  trace.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(trace.tensors.size() - 1);
}

TensorId add_node(RandomTrace& to, const std::string& name, const std::vector<TensorId>& reads,
                  std::vector<int64_t> shape, bool stays) {
  trace::Node node;
  node.op = "aten::" + name;
  for (TensorId id : reads) node.arguments.push_back({"input" + std::to_string(node.arguments.size()), {id}});
  const TensorId made = add_tensor(to.trace, std::move(shape));
  node.results = {{made}};
  to.trace.nodes.push_back(std::move(node));
  to.constraints.stays.push_back(stays);
  to.constraints.in_order.push_back(false);
  return made;
}

void add_input(trace::Trace& trace, TensorId tensor) {
  trace.inputs.push_back({"x" + std::to_string(trace.inputs.size()), tensor, false});
}

void add_output(trace::Trace& trace, TensorId tensor) {
  trace.outputs.push_back({"output" + std::to_string(trace.outputs.size()), tensor, false});
}

RandomTrace random_trace(std::mt19937& random, uint32_t most) {
  const auto below = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  RandomTrace made;
  made.trace.origins.emplace_back();
  std::vector<TensorId> known;
  for (uint32_t i = 0; i <= below(3); ++i) {
    known.push_back(add_tensor(made.trace, {1, 1 + below(64), 8, 8}));
    add_input(made.trace, known.back());
  }
  const char* const names[] = {"relu", "add", "view", "conv2d", "quantize_per_tensor", "dequantize", "transpose"};
  for (uint32_t i = 0; i <= below(most); ++i) {
    std::vector<TensorId> reads;
    for (uint32_t j = 0; j <= below(3); ++j) {
      // Mostly of what was made last: networks are long rather than wide.
      const auto last = static_cast<uint32_t>(known.size());
      reads.push_back(known[below(2) == 0 ? last - 1 - below(std::min(last, 3u)) : below(last)]);
    }
    known.push_back(add_node(made, names[below(7)], reads, {1, 1 + below(64), 1 + below(16), 8}, below(5) == 0));
    made.constraints.in_order.back() = below(20) == 0;
  }
  for (uint32_t i = 0; i <= below(3); ++i)
    add_output(made.trace, known[known.size() - 1 - below(std::min<uint32_t>(3, static_cast<uint32_t>(known.size())))]);
  return made;
}

}  // namespace passerelle::tests
