#include "sketch.h"

#include <string>

namespace passerelle::tests {

using graph::Constant;

Shape Sketch::shape(size_t rank, uint32_t largest) {
  Shape result;
  for (size_t i = 0; i < rank; ++i) result.push_back(between(1, largest));
  return result;
}

OperandId Sketch::input(Shape shape) {
  graph::Port port;
  port.name = "x" + std::to_string(graph().inputs.size());
  port.shape = shape;
  const OperandId id = graph().add_operand({graph::OperandType::TENSOR_FLOAT32, std::move(shape), {}});
  module_.add_input(id, std::move(port));
  return id;
}

OperandId Sketch::integer_input(Shape shape) {
  const OperandId id = input(std::move(shape));
  graph()[id].type.type = graph::OperandType::TENSOR_INT32;
  module_.ports.inputs.back().element_type = graph::ElementType::int32;
  return id;
}

OperandId Sketch::constant(Shape shape, float low, float high) {
  std::uniform_real_distribution<float> distribution(low, high);
  std::vector<float> values(graph::element_count(shape));
  for (float& value : values) value = distribution(random_);
  return graph().add_constant(Constant::from(std::move(values), std::move(shape)));
}

OperandId Sketch::scalar(float value) { return graph().add_constant(Constant::filled(value, {1})); }

OperandId Sketch::list(const std::vector<int32_t>& values) { return graph().add_constant(Constant::list(values)); }

OperandId Sketch::rows(const std::vector<int32_t>& values, uint32_t width) {
  return graph().add_constant(Constant::from(values, {static_cast<uint32_t>(values.size()) / width, width}));
}

OperandId Sketch::emit(Op type, graph::NamedArguments arguments, Shape output) {
  return graph().append(type, arguments, {graph::OperandType::TENSOR_FLOAT32, std::move(output), {}}, 0);
}

OperandId Sketch::emit_integers(Op type, graph::NamedArguments arguments, Shape output) {
  return graph().append(type, arguments, {graph::OperandType::TENSOR_INT32, std::move(output), {}}, 0);
}

void Sketch::output(OperandId id) {
  graph::Port port;
  port.name = "output" + std::to_string(graph().outputs.size());
  port.shape = graph().shape(id);
  module_.add_output(id, std::move(port));
}

}  // namespace passerelle::tests
