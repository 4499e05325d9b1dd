// A node's results and refusals. Its arguments, float16 and the building have files of their own.
#include "context.h"

#include <algorithm>

#include "alternatives.h"
#include "passerelle/support/check.h"

namespace passerelle::lowering {
namespace {

using trace::TensorId;

Shape nnapi_shape(const std::vector<int64_t>& sizes) {
  Shape shape(sizes.begin(), sizes.end());
  // NNAPI reads a tensor without dimensions as one of unknown rank: PyTorch's rank 0 travels as {1}.
  if (shape.empty()) shape.push_back(1);
  return shape;
}

}  // namespace

std::optional<OperandType> operand_type(graph::ElementType type) {
  using graph::ElementType;
  switch (type) {
    case ElementType::bfloat16:
    case ElementType::float16:
    case ElementType::float32:
    case ElementType::float64: return OperandType::TENSOR_FLOAT32;
    case ElementType::uint8:
    case ElementType::int8:
    case ElementType::int16:
    case ElementType::int32:
    case ElementType::int64: return OperandType::TENSOR_INT32;
    case ElementType::bool8: return OperandType::TENSOR_BOOL8;
    case ElementType::quint8: return OperandType::TENSOR_QUANT8_ASYMM;
    case ElementType::qint8: return OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
    default: return std::nullopt;
  }
}

TensorType tensor_type(const trace::Tensor& tensor) {
  std::optional<OperandType> type = operand_type(tensor.type);
  return {type.value_or(OperandType::TENSOR_FLOAT32), nnapi_shape(tensor.shape), tensor.quantization};
}

Context::Context(const trace::Trace& trace, const graph::Module& module, graph::Graph& graph,
                 std::vector<std::optional<OperandId>>& operands, const std::vector<bool>& used)
    : trace_(trace), module_(module), graph_(graph), builder_(graph), operands_(operands), used_(used) {}

void Context::enter(const trace::Node& node, uint32_t origin) {
  first_operation_ = graph_.operations.size();
  node_ = &node;
  builder_.set_origin(origin);
  builder_.refuse_beyond_float32(gives_float64());
}

Value Context::emit(OperationType type, graph::NamedArguments arguments, const TensorType& output) {
  return emit(type, arguments, std::vector<TensorType>{output}).front();
}

Values Context::emit(OperationType type, graph::NamedArguments arguments, const std::vector<TensorType>& outputs) {
  const Values made =
      builder_.emit(type, arguments, outputs.size(), {outputs.front().type, outputs.front().quantization});
  for (size_t i = 0; i < made.size(); ++i)
    check(made[i].element_type() == outputs[i].type && made[i].shape() == outputs[i].shape,
          "a result has the type that was told");
  return made;
}

const trace::Tensor& Context::result_info(size_t index) const {
  const TensorId* id = node_->results.at(index).tensor();
  check(id != nullptr, "a result asked for is a tensor");
  return trace_[*id];
}

std::vector<trace::Tensor> Context::list_result_infos() const {
  const std::vector<trace::Value>* list = node_->results.at(0).list();
  check(list != nullptr, "a result asked for is a list of tensors");
  std::vector<trace::Tensor> infos;
  for (const trace::Value& element : *list) {
    const TensorId* id = element.tensor();
    check(id != nullptr, "a list of results holds tensors");
    infos.push_back(trace_[*id]);
  }
  return infos;
}

TensorType Context::result_type(size_t index) const {
  const trace::Tensor& tensor = result_info(index);
  if (!operand_type(tensor.type))
    refuse(Reason::element_type, "its result has type " + std::string(graph::name(tensor.type)) + ", which NNAPI lacks",
           alternative_to(tensor.type));
  return tensor_type(tensor);
}

bool Context::is_used(size_t position) const {
  const TensorId* id = node_->results.at(position).tensor();
  return id && used_[static_cast<uint32_t>(*id)];
}

bool Context::gives_float64() const {
  return std::any_of(node_->results.begin(), node_->results.end(), [&](const trace::Value& result) {
    const TensorId* id = result.tensor();
    return id && trace_[*id].type == graph::ElementType::float64;
  });
}

void Context::bind(TensorId id, OperandId value) {
  TensorType expected = tensor_type(trace_[id]);
  if (shape(value) != expected.shape || type(value).type != expected.type)
    throw InternalError("the lowering of " + node_->op + " made " + std::string(nnapi::name(type(value).type)) + " " +
                        graph::to_string(shape(value)) + " where PyTorch has " +
                        std::string(nnapi::name(expected.type)) + " " + graph::to_string(expected.shape));
  if (nnapi::is_quantized(expected.type)) check_scale(value, expected.quantization);
  if (trace_[id].type == graph::ElementType::float16 && !keeps_halves()) value = rounded_to_half(value);
  operands_[static_cast<uint32_t>(id)] = value;
}

void Context::check_scale(OperandId value, const graph::Quantization& expected) const {
  const graph::Quantization& made = type(value).quantization;
  if (made == expected) return;
  refuse(Reason::quantization, "its result has scale " + std::to_string(expected.scale) + " and zero point " +
                                   std::to_string(expected.zero_point) + " where scale " + std::to_string(made.scale) +
                                   " and zero point " + std::to_string(made.zero_point) + " are expected");
}

void Context::result(size_t position, OperandId value) {
  const TensorId* id = node_->results.at(position).tensor();
  check(id != nullptr, "a result that is bound is a tensor");
  bind(*id, value);
}

void Context::results(const Values& values) {
  const std::vector<trace::Value>* list = node_->results.at(0).list();
  check(list && list->size() == values.size(), "a list of results is bound by a list of its length");
  for (size_t i = 0; i < values.size(); ++i) {
    const TensorId* id = (*list)[i].tensor();
    check(id != nullptr, "a list of results holds tensors");
    bind(*id, values[i]);
  }
}

uint32_t Context::dimension(int64_t dimension, size_t rank) {
  // PyTorch counts rank 0 as rank 1 here.
  auto size = static_cast<int64_t>(std::max<size_t>(rank, 1));
  check(dimension >= -size && dimension < size, "a dimension that the model has used exists");
  return static_cast<uint32_t>(dimension < 0 ? dimension + size : dimension);
}

void Context::refuse(Reason reason, std::string message, std::string suggestion) const {
  throw Refusal{diagnostic(reason, std::move(message), std::move(suggestion))};
}

graph::Diagnostic Context::diagnostic(Reason reason, std::string message, std::string suggestion) const {
  graph::Diagnostic diagnostic;
  diagnostic.reason = reason;
  diagnostic.op = node_ ? node_->op : "";
  diagnostic.message = std::move(message);
  diagnostic.suggestion = std::move(suggestion);
  if (node_) diagnostic.origin = module_.origins[builder_.origin()];
  if (diagnostic.origin.node) diagnostic.nodes = {*diagnostic.origin.node};
  return diagnostic;
}

void Context::note_integers(Value integers, Value quantized) {
  quantized_of_.emplace(graph::index(integers), quantized.id());
}

std::optional<Value> Context::quantized_behind(Value integers) {
  const auto known = quantized_of_.find(graph::index(integers));
  return known == quantized_of_.end() ? std::nullopt : std::optional(value(known->second));
}

}  // namespace passerelle::lowering
