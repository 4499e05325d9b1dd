#include "samples.h"

#include <cstring>
#include <stdexcept>

#include "passerelle/blob/digest.h"

namespace passerelle::blob_test {
namespace {

using graph::Argument;
using graph::Constant;
using graph::ElementType;
using graph::OperandId;
using graph::OperandType;
using graph::OperationType;
using graph::Quantization;
using graph::TensorType;

void append(graph::Graph& graph, OperationType type, std::vector<Argument> arguments, std::vector<OperandId> outputs,
            uint32_t origin) {
  graph::Operation operation;
  operation.type = type;
  operation.arguments = std::move(arguments);
  operation.outputs = std::move(outputs);
  operation.origin = origin;
  graph.operations.push_back(std::move(operation));
}

OperandId add_typed_constant(graph::Graph& graph, Constant constant, OperandType type, Quantization quantization) {
  const OperandId id = graph.add_operand({type, constant.shape(), std::move(quantization)});
  graph[id].constant = std::move(constant);
  return id;
}

graph::Port port(std::string name, ElementType type, graph::Shape shape) {
  graph::Port port;
  port.name = std::move(name);
  port.element_type = type;
  port.shape = std::move(shape);
  return port;
}

void add_float_part(graph::Module& module) {
  graph::Graph& graph = module.main();
  const OperandId x = graph.add_operand({OperandType::TENSOR_FLOAT32, {1, 8, 6, 3}, {}});
  const OperandId a = graph.add_operand({OperandType::TENSOR_FLOAT32, {1, 8, 6, 16}, {}});
  const OperandId b = graph.add_operand({OperandType::TENSOR_FLOAT32, {1, 8, 6, 16}, {}});
  const OperandId c = graph.add_operand({OperandType::TENSOR_FLOAT32, {1, 8, 6, 32}, {}});
  const OperandId d = graph.add_operand({OperandType::TENSOR_FLOAT32, {1, 16, 12, 32}, {}});
  const OperandId filter = graph.add_constant(counting({16, 3, 3, 3}));
  const OperandId bias = graph.add_constant(counting({16}));
  append(graph, OperationType::CONV_2D, {x, filter, bias, 1, 1, 1, 1, 1, 1, 0}, {a}, 0);
  append(graph, OperationType::ELU, {a, 1.0f}, {b}, 1);
  append(graph, OperationType::CONCATENATION, {std::vector<OperandId>{a, b}, 3}, {c}, 2);
  append(graph, OperationType::RESIZE_BILINEAR, {c, 12, 16, false, false, true}, {d}, 2);
  graph::Port in = port("x", ElementType::float32, {1, 3, 8, 6});
  in.nnapi_layout = graph::Layout::channels_last;
  graph::Port out = port("output0", ElementType::float32, {1, 32, 16, 12});
  out.nnapi_layout = out.caller_layout = graph::Layout::channels_last;
  module.add_input(x, in);
  module.add_output(d, out);
}

void add_quantized_part(graph::Module& module) {
  graph::Graph& graph = module.main();
  const Quantization quantization{0.5f, 128, {}, 0};
  const OperandId x = graph.add_operand({OperandType::TENSOR_QUANT8_ASYMM, {1, 2, 2, 4}, quantization});
  const OperandId y = graph.add_operand({OperandType::TENSOR_QUANT8_ASYMM, {1, 2, 2, 4}, {0.25f, 100, {}, 0}});
  const OperandId filter =
      add_typed_constant(graph, Constant::from(std::vector<int8_t>(4, -7), {1, 1, 1, 4}),
                         OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL, {0, 0, {0.5f, 0.25f, 0.125f, 1}, 3});
  const OperandId bias = graph.add_constant(Constant::list({1, 2, 3, 4}));
  append(graph, OperationType::DEPTHWISE_CONV_2D, {x, filter, bias, 0, 0, 0, 0, 1, 1, 1, 0}, {y}, 3);
  graph::Port in = port("image", ElementType::quint8, {1, 2, 2, 4});
  in.quantization = quantization;
  graph::Port out = port("output1", ElementType::quint8, {1, 2, 2, 4});
  out.quantization = {0.25f, 100, {}, 0};
  module.add_input(x, in);
  module.add_output(y, out);
}

void add_recurrent_part(graph::Module& module) {
  graph::Graph& graph = module.main();
  const TensorType type{OperandType::TENSOR_FLOAT32, {2, 5}, {}};
  const OperandId input = graph.add_operand({OperandType::TENSOR_FLOAT32, {2, 3}, {}});
  const OperandId state_in = graph.add_operand({OperandType::TENSOR_FLOAT32, {2, 10}, {}});
  const OperandId state_out = graph.add_operand({OperandType::TENSOR_FLOAT32, {2, 10}, {}});
  const OperandId output = graph.add_operand(type);
  const OperandId feature = graph.add_constant(counting({5, 3}));
  const OperandId time = graph.add_constant(counting({5, 2}));
  append(graph, OperationType::SVDF, {input, feature, time, std::monostate(), state_in, 1, 0}, {state_out, output}, 4);
  const OperandId count = graph.add_operand({OperandType::TENSOR_INT32, {1}, {}});
  const OperandId doubled = graph.add_operand({OperandType::TENSOR_INT32, {1}, {}});
  append(graph, OperationType::ADD, {count, graph.add_constant(Constant::list({2})), 0}, {doubled}, 4);
  module.add_input(input, port("sequence", ElementType::float64, {2, 3}));
  module.add_input(state_in, port("state", ElementType::float32, {2, 10}));
  module.add_input(count, port("count", ElementType::int64, {}));
  module.add_output(output, port("output2", ElementType::float32, {2, 5}));
  module.add_output(doubled, port("output3", ElementType::int64, {}));
}

}  // namespace

Constant counting(graph::Shape shape, float first) {
  std::vector<float> values(graph::element_count(shape));
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  return Constant::from(std::move(values), std::move(shape));
}

graph::Module rich_graph() {
  graph::Module module;
  for (int i = 0; i < 5; ++i) {
    graph::Origin origin;
    origin.op = i % 2 == 0 ? "aten::conv2d" : "aten::elu";
    origin.module_path = "features." + std::to_string(i);
    origin.user = {"réseau.py", 10 + i};
    origin.innermost = {"torch/nn/modules/conv.py", 447};
    module.origins.push_back(origin);
  }
  add_float_part(module);
  add_quantized_part(module);
  add_recurrent_part(module);
  module.relax_fp16 = true;
  return module;
}

namespace {

graph::OperandId formal(graph::Graph& graph, const TensorType& type) {
  graph.inputs.push_back(graph.add_operand(type));
  return graph.inputs.back();
}

void give(graph::Graph& graph, OperationType type, std::vector<Argument> arguments, const TensorType& result) {
  const OperandId output = graph.add_operand(result);
  append(graph, type, std::move(arguments), {output}, 0);
  graph.outputs.push_back(output);
}

}  // namespace

graph::Module branching_module() {
  const TensorType floats{OperandType::TENSOR_FLOAT32, {1, 40}, {}}, truth{OperandType::TENSOR_BOOL8, {1}, {}},
      number{OperandType::TENSOR_INT32, {1}, {}};
  graph::Module module;
  module.graphs.resize(5);
  module.origins.push_back({"prim::If", "block", {"net.py", 3}, {}});
  graph::Graph& main = module.main();
  const OperandId condition = main.add_operand(truth), x = main.add_operand(floats);
  const OperandId chosen = main.add_operand(floats), looped = main.add_operand(floats);
  using graph::GraphId;
  append(main, OperationType::IF, {condition, GraphId{3}, GraphId{4}, std::vector<OperandId>{x}}, {chosen}, 0);
  const OperandId zero = main.add_constant(Constant::list({0}));
  append(main, OperationType::WHILE, {GraphId{1}, GraphId{2}, std::vector<OperandId>{chosen, zero, condition}},
         {looped}, 0);
  module.add_input(condition, port("condition", ElementType::bool8, {1}));
  module.add_input(x, port("x", ElementType::float32, {1, 40}));
  module.add_output(looped, port("y", ElementType::float32, {1, 40}));

  for (uint32_t i : {1u, 2u}) {  // the loop's condition and body
    graph::Graph& graph = module.graphs[i];
    const OperandId state = formal(graph, floats), counter = formal(graph, number), outer = formal(graph, truth);
    if (i == 1) {
      give(graph, OperationType::LESS, {counter, graph.add_constant(Constant::list({3}))}, truth);
      continue;
    }
    give(graph, OperationType::IF, {outer, GraphId{3}, GraphId{4}, std::vector<OperandId>{state}}, floats);
    give(graph, OperationType::ADD, {counter, graph.add_constant(Constant::list({1})), 0}, number);
  }
  give(module.graphs[3], OperationType::RELU, {formal(module.graphs[3], floats)}, floats);
  graph::Graph& other = module.graphs[4];
  give(other, OperationType::ADD, {formal(other, floats), other.add_constant(counting({1, 40})), 0}, floats);
  return module;
}

graph::Module sum_graph(const std::vector<Constant>& constants) {
  graph::Module module;
  graph::Graph& graph = module.main();
  const TensorType type{OperandType::TENSOR_FLOAT32, constants.front().shape(), {}};
  OperandId value = graph.add_operand(type);
  module.add_input(value, port("x", ElementType::float32, type.shape));
  for (const Constant& constant : constants) {
    const OperandId sum = graph.add_operand(type);
    append(graph, OperationType::ADD, {value, graph.add_constant(constant), 0}, {sum}, 0);
    value = sum;
  }
  module.add_output(value, port("y", ElementType::float32, type.shape));
  return module;
}

blob::WriteOptions options(nnapi::FeatureLevel level) {
  blob::WriteOptions options;
  options.producer = "test";
  options.feature_level = level;
  return options;
}

std::vector<unsigned char> written(const graph::Module& module, const blob::WriteOptions& options) {
  auto bytes = blob::write(module, options);
  if (!bytes) throw std::runtime_error(bytes.error().message);
  return *std::move(bytes);
}

size_t head_size(const std::vector<unsigned char>& file) {
  uint32_t prefixed;
  std::memcpy(&prefixed, file.data(), sizeof prefixed);
  return prefixed + sizeof prefixed;
}

void reseal(std::vector<unsigned char>& file) {
  const size_t size = head_size(file);
  const uint64_t digest = blob::digest(file.data(), size);
  std::memcpy(file.data() + size, &digest, sizeof digest);
}

}  // namespace passerelle::blob_test
