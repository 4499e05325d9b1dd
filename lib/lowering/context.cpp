#include "context.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

#include "passerelle/graph/half.h"
#include "passerelle/support/check.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

using torchscript::TensorId;
using torchscript::Value;

uint32_t index(TensorId id) { return static_cast<uint32_t>(id); }

Shape nnapi_shape(const std::vector<int64_t>& sizes) {
  Shape shape(sizes.begin(), sizes.end());
  // NNAPI reads a tensor without dimensions as one of unknown rank: PyTorch's rank 0 travels as {1}.
  if (shape.empty()) shape.push_back(1);
  return shape;
}

bool is_comparison(OperationType type) {
  switch (type) {
    case Op::EQUAL:
    case Op::NOT_EQUAL:
    case Op::GREATER:
    case Op::GREATER_EQUAL:
    case Op::LESS:
    case Op::LESS_EQUAL: return true;
    default: return false;
  }
}

/// The integer that a quantized tensor has for a number; the nearest end of its range beyond that.
int32_t quantized_number(double value, const TensorType& type) {
  const bool is_signed = type.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
  const double lowest = is_signed ? -128 : 0, highest = is_signed ? 127 : 255;
  const double steps = std::nearbyint(value / type.quantization.scale) + type.quantization.zero_point;
  return static_cast<int32_t>(std::clamp(steps, lowest, highest));
}

/// Whether its results are numbers that it has read.
bool moves(OperationType type) {
  switch (type) {
    case Op::ABS:
    case Op::CHANNEL_SHUFFLE:
    case Op::CONCATENATION:
    case Op::DEPTH_TO_SPACE:
    case Op::EXPAND_DIMS:
    case Op::GATHER:
    case Op::MAX_POOL_2D:
    case Op::NEG:
    case Op::PAD:
    case Op::REDUCE_MAX:
    case Op::REDUCE_MIN:
    case Op::RELU:
    case Op::RESHAPE:
    case Op::SLICE:
    case Op::SPACE_TO_DEPTH:
    case Op::SPLIT:
    case Op::STRIDED_SLICE:
    case Op::TILE:
    case Op::TRANSPOSE: return true;
    default: return false;
  }
}

Shape broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  size_t added = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    uint32_t& size = result[added + i];
    check(size == shorter[i] || size == 1 || shorter[i] == 1, "shapes that the model has added can be broadcast");
    if (size == 1) size = shorter[i];
  }
  return result;
}

}  // namespace

std::optional<OperandType> operand_type(graph::ElementType type) {
  using graph::ElementType;
  switch (type) {
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

TensorType tensor_type(const torchscript::Tensor& tensor) {
  std::optional<OperandType> type = operand_type(tensor.type);
  return {type.value_or(OperandType::TENSOR_FLOAT32), nnapi_shape(tensor.shape), tensor.quantization};
}

Context::Context(const torchscript::Trace& trace, graph::Graph& graph, std::vector<std::optional<OperandId>>& operands,
                 const std::vector<bool>& used)
    : trace_(trace), graph_(graph), operands_(operands), used_(used) {}

void Context::enter(const torchscript::Node& node, uint32_t origin) {
  first_operation_ = graph_.operations.size();
  node_ = &node;
  origin_ = origin;
}

// --- Arguments.

const Value* Context::find(std::string_view name) const {
  for (const auto& [key, value] : node_->arguments)
    if (key == name) return &value;
  return nullptr;
}

const Value& Context::require(std::string_view name) const {
  const Value* value = find(name);
  if (!value || value->is_none()) refuse(Reason::argument, "its argument " + std::string(name) + " is missing");
  return *value;
}

bool Context::has(std::string_view name) const { return find(name) != nullptr; }

bool Context::is_none(std::string_view name) const {
  const Value* value = find(name);
  return !value || value->is_none();
}

bool Context::is_tensor(std::string_view name) const {
  const Value* value = find(name);
  return value && value->tensor();
}

void Context::require_float32(const torchscript::Tensor& tensor) const {
  if (tensor.type != graph::ElementType::float64 || !tensor.constant) return;
  std::vector<double> values(tensor.constant->size());
  tensor.constant->copy_to(values.data());
  for (double value : values) require_float32(value);
}

void Context::require_float32(double value) const {
  if (!std::isfinite(value) || std::isfinite(static_cast<float>(value))) return;
  std::ostringstream text;
  text << "it computes in float64 with the constant " << value << ", which does not fit NNAPI's float32";
  refuse(Reason::element_type, text.str());
}

OperandId Context::operand(TensorId id) {
  std::optional<OperandId>& known = operands_[index(id)];
  if (known) return *known;
  const torchscript::Tensor& tensor = trace_[id];
  check(tensor.constant.has_value(), "a tensor that is read was made by an earlier node");
  std::optional<OperandType> type = operand_type(tensor.type);
  if (!type)
    refuse(Reason::element_type,
           "it reads a constant of type " + std::string(graph::name(tensor.type)) + ", which NNAPI lacks");
  Constant constant = *tensor.constant;
  if (*type == OperandType::TENSOR_INT32 && tensor.type != graph::ElementType::int32) {
    if (tensor.type == graph::ElementType::int64)
      for (int64_t value : constant.integers())
        if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max())
          refuse(Reason::element_type,
                 "it reads the int64 constant " + std::to_string(value) + ", which does not fit NNAPI's 32 bits");
    constant = constant.converted(graph::ElementType::int32);
  }
  require_float32(tensor);
  if (*type == OperandType::TENSOR_FLOAT32) constant = constant.converted(graph::ElementType::float32);
  if (constant.shape().empty()) constant = constant.reshaped({1});
  known = graph_.add_constant(std::move(constant), tensor.quantization);
  return *known;
}

OperandId Context::tensor(std::string_view name) {
  const Value& value = require(name);
  if (const TensorId* id = value.tensor()) return operand(*id);
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a tensor");
}

std::vector<OperandId> Context::tensors(std::string_view name) {
  const Value& value = require(name);
  const std::vector<Value>* list = value.list();
  if (!list) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of tensors");
  std::vector<OperandId> result;
  for (const Value& element : *list) {
    const TensorId* id = element.tensor();
    if (!id) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of tensors");
    result.push_back(operand(*id));
  }
  return result;
}

int64_t Context::integer(std::string_view name) const {
  const Value& value = require(name);
  if (const auto* number = std::get_if<int64_t>(&value.data)) return *number;
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? 1 : 0;
  if (value.tensor()) {
    Constant known = required_constant(name);
    if (known.size() == 1) return known.integers().front();
  }
  refuse(Reason::argument, "its argument " + std::string(name) + " is not an integer");
}

int64_t Context::integer_or(std::string_view name, int64_t otherwise) const {
  return is_none(name) ? otherwise : integer(name);
}

double Context::number(std::string_view name) const {
  const Value& value = require(name);
  if (const auto* number = std::get_if<double>(&value.data)) return *number;
  if (const auto* number = std::get_if<int64_t>(&value.data)) return static_cast<double>(*number);
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? 1 : 0;
  if (value.tensor()) {
    Constant known = required_constant(name);
    if (known.size() == 1) {
      double result;
      known.converted(graph::ElementType::float64).copy_to(&result);
      return result;
    }
  }
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a number");
}

double Context::number_or(std::string_view name, double otherwise) const {
  return is_none(name) ? otherwise : number(name);
}

bool Context::boolean(std::string_view name) const {
  const Value& value = require(name);
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth;
  if (const auto* number = std::get_if<int64_t>(&value.data)) return *number != 0;
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a bool");
}

std::string Context::string(std::string_view name) const {
  const Value& value = require(name);
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a string");
}

std::vector<int64_t> Context::integers(std::string_view name) const {
  const Value& value = require(name);
  const std::vector<Value>* list = value.list();
  if (!list) return {integer(name)};
  std::vector<int64_t> result;
  for (const Value& element : *list) {
    const auto* number = std::get_if<int64_t>(&element.data);
    if (!number) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of integers");
    result.push_back(*number);
  }
  return result;
}

std::vector<int64_t> Context::integers(std::string_view name, size_t count) const {
  std::vector<int64_t> result = integers(name);
  if (result.size() == 1) result.resize(count, result.front());
  if (result.size() != count)
    refuse(Reason::argument, "its argument " + std::string(name) + " has " + std::to_string(result.size()) +
                                 " numbers instead of " + std::to_string(count));
  return result;
}

std::vector<double> Context::numbers(std::string_view name) const {
  const Value& value = require(name);
  const std::vector<Value>* list = value.list();
  if (!list) return {number(name)};
  std::vector<double> result;
  for (const Value& element : *list) {
    if (const auto* real = std::get_if<double>(&element.data))
      result.push_back(*real);
    else if (const auto* integral = std::get_if<int64_t>(&element.data))
      result.push_back(static_cast<double>(*integral));
    else
      refuse(Reason::argument, "its argument " + std::string(name) + " is not a list of numbers");
  }
  return result;
}

std::optional<Constant> Context::constant(std::string_view name) const {
  const Value* value = find(name);
  if (!value || !value->tensor()) return std::nullopt;
  const torchscript::Tensor& tensor = trace_[*value->tensor()];
  require_float32(tensor);
  return tensor.constant;
}

Constant Context::required_constant(std::string_view name) const {
  std::optional<Constant> known = constant(name);
  if (!known)
    refuse(Reason::argument,
           "its argument " + std::string(name) + " is computed from the input; it must be a constant");
  return *known;
}

const torchscript::Tensor& Context::info(std::string_view name) const {
  const Value& value = require(name);
  if (const TensorId* id = value.tensor()) return trace_[*id];
  refuse(Reason::argument, "its argument " + std::string(name) + " is not a tensor");
}

const std::vector<Value>& Context::list(std::string_view name) const {
  const std::vector<Value>* list = require(name).list();
  if (!list) refuse(Reason::argument, "its argument " + std::string(name) + " is not a list");
  return *list;
}

// --- Results.

const torchscript::Tensor& Context::result_info(size_t index) const {
  const TensorId* id = node_->results.at(index).tensor();
  check(id != nullptr, "a result asked for is a tensor");
  return trace_[*id];
}

std::vector<torchscript::Tensor> Context::list_result_infos() const {
  const std::vector<Value>* list = node_->results.at(0).list();
  check(list != nullptr, "a result asked for is a list of tensors");
  std::vector<torchscript::Tensor> infos;
  for (const Value& element : *list) {
    const TensorId* id = element.tensor();
    check(id != nullptr, "a list of results holds tensors");
    infos.push_back(trace_[*id]);
  }
  return infos;
}

TensorType Context::result_type(size_t index) const {
  const torchscript::Tensor& tensor = result_info(index);
  if (!operand_type(tensor.type))
    refuse(Reason::element_type,
           "its result has type " + std::string(graph::name(tensor.type)) + ", which NNAPI lacks");
  return tensor_type(tensor);
}

bool Context::is_used(size_t position) const {
  const TensorId* id = node_->results.at(position).tensor();
  return id && used_[index(*id)];
}

bool Context::gives_float64() const {
  return std::any_of(node_->results.begin(), node_->results.end(), [&](const Value& result) {
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
  operands_[index(id)] = value;
}

// --- float16.

bool Context::computes_in_half() const {
  bool half = false, wider = false;
  const std::function<void(const Value&)> look = [&](const Value& value) {
    if (const TensorId* id = value.tensor()) {
      const torchscript::Tensor& tensor = trace_[*id];
      half |= tensor.type == graph::ElementType::float16;
      const bool is_wide = tensor.type == graph::ElementType::float32 || tensor.type == graph::ElementType::float64;
      wider |= is_wide && !tensor.shape.empty();  // without dimensions it counts as a number
    }
    if (const std::vector<Value>* list = value.list())
      for (const Value& element : *list) look(element);
  };
  for (const auto& argument : node_->arguments) look(argument.second);
  return half && !wider;
}

bool Context::keeps_halves() const {
  if (!computes_in_half()) return false;
  return std::all_of(graph_.operations.begin() + static_cast<std::ptrdiff_t>(first_operation_), graph_.operations.end(),
                     [](const graph::Operation& operation) { return operation.type && moves(*operation.type); });
}

OperandId Context::rounded_to_half(OperandId value) {
  if (!graph_.is_constant(value)) return widened(halved(value));
  std::vector<float> numbers = graph_[value].constant->floats();
  for (float& number : numbers) number = graph::half_to_float(graph::half_from_float(number));
  return constant_operand(Constant::from(std::move(numbers), shape(value)));
}

OperandId Context::widened(OperandId half) {
  TensorType output = type(half);
  output.type = OperandType::TENSOR_FLOAT32;
  const OperandId value = emit(Op::CAST, {{"input", half}}, std::move(output));
  half_of_.emplace(graph::index(value), half);
  return value;
}

OperandId Context::halved(OperandId value) {
  if (const auto known = half_of_.find(graph::index(value)); known != half_of_.end()) return known->second;
  if (graph_.is_constant(value))
    return constant_operand(graph_[value].constant->converted(graph::ElementType::float16));
  TensorType output = type(value);
  output.type = OperandType::TENSOR_FLOAT16;
  return emit(Op::CAST, {{"input", value}}, std::move(output));
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

void Context::results(const std::vector<OperandId>& values) {
  const std::vector<Value>* list = node_->results.at(0).list();
  check(list && list->size() == values.size(), "a list of results is bound by a list of its length");
  for (size_t i = 0; i < values.size(); ++i) {
    const TensorId* id = (*list)[i].tensor();
    check(id != nullptr, "a list of results holds tensors");
    bind(*id, values[i]);
  }
}

// --- Building.

OperandId Context::emit(OperationType type, graph::NamedArguments arguments, TensorType output) {
  return graph_.append(type, arguments, std::move(output), origin_);
}

std::vector<OperandId> Context::emit(OperationType type, graph::NamedArguments arguments,
                                     std::vector<TensorType> outputs) {
  graph_.operations.push_back(graph_.make_operation(type, arguments, std::move(outputs), origin_));
  return graph_.operations.back().outputs;
}

OperandId Context::unary(OperationType type, OperandId input) {
  return emit(type, {{"input", input}}, this->type(input));
}

OperandId Context::binary(OperationType type, OperandId a, OperandId b) {
  check(this->type(a).type == this->type(b).type, "the operands of a binary operation have one type");
  size_t rank = std::max(this->rank(a), this->rank(b));
  auto equalised = [&](OperandId operand) {
    // A tensor of one element needs no rank: NNAPI broadcasts it as it is, in any layout.
    if (this->rank(operand) == rank || graph::element_count(shape(operand)) == 1) return operand;
    // RESHAPE has no BOOL8, and INT32 from level 6 on only: those are broadcast as they are.
    bool reshapes =
        this->type(operand).type != OperandType::TENSOR_BOOL8 && this->type(operand).type != OperandType::TENSOR_INT32;
    if (!reshapes && !graph_.is_constant(operand)) return operand;
    Shape raised(rank - this->rank(operand), 1);
    raised.insert(raised.end(), shape(operand).begin(), shape(operand).end());
    return reshape(operand, raised);
  };
  TensorType output = this->type(a);
  output.shape = broadcast(shape(a), shape(b));
  if (is_comparison(type)) output.type = OperandType::TENSOR_BOOL8;
  bool power = type == Op::POW;
  OperandId left = equalised(a), right = equalised(b);
  return emit(type, {{power ? "base" : "input1", left}, {power ? "exponent" : "input2", right}}, std::move(output));
}

OperandId Context::binary(OperationType type, OperandId a, OperandId b, const graph::Quantization& output) {
  const OperandId result = binary(type, a, b);
  graph_[result].type.quantization = output;
  return result;
}

OperandId Context::binary(OperationType type, OperandId a, double b) { return binary(type, a, scalar(b, a)); }
OperandId Context::binary(OperationType type, double a, OperandId b) { return binary(type, scalar(a, b), b); }

OperandId Context::scalar(double value, OperandId like) {
  if (nnapi::is_quantized(type(like).type)) return quantized_scalar(*this, value, like);
  if (type(like).type == OperandType::TENSOR_INT32 && value != std::floor(value))
    refuse(Reason::element_type, "the number " + std::to_string(value) + " does not fit an int32 tensor");
  return constant_operand(one_element(value, type(like).type));
}

Constant Context::one_element(double value, OperandType type) const {
  switch (type) {
    case OperandType::TENSOR_FLOAT32:
      if (gives_float64()) require_float32(value);
      return Constant::filled(static_cast<float>(value), {1});
    case OperandType::TENSOR_INT32: return Constant::list({int32(value)});
    case OperandType::TENSOR_BOOL8:
      return Constant::from(std::vector<uint8_t>{value != 0}, {1}).converted(graph::ElementType::bool8);
    default:
      refuse(Reason::element_type, "it combines a number with a tensor of type " + std::string(nnapi::name(type)),
             "convert the model with .float()");
  }
}

int32_t Context::int32(double value) const {
  // As PyTorch does where it fills integers: towards zero.
  const double whole = std::trunc(value);
  if (!(whole >= std::numeric_limits<int32_t>::min() && whole <= std::numeric_limits<int32_t>::max())) {
    std::ostringstream text;
    text << "the number " << value << " does not fit an int32 tensor";
    refuse(Reason::element_type, text.str());
  }
  return static_cast<int32_t>(whole);
}

OperandId Context::reshape(OperandId value, Shape shape) {
  if (shape == this->shape(value)) return value;
  if (graph_.is_constant(value))
    return graph_.add_constant(graph_[value].constant->reshaped(std::move(shape)), type(value).quantization);
  TensorType output = type(value);
  std::vector<int32_t> sizes(shape.begin(), shape.end());
  output.shape = std::move(shape);
  return emit(Op::RESHAPE, {{"input", value}, {"shape", constant_operand(Constant::list(sizes))}}, std::move(output));
}

OperandId Context::transpose(OperandId value, const Permutation& permutation) {
  if (graph::is_identity(permutation)) return value;
  if (graph_.is_constant(value)) {
    graph::Quantization quantization = type(value).quantization;
    if (!quantization.channel_scales.empty())
      quantization.channel_dimension = graph::inverse(permutation)[quantization.channel_dimension];
    return graph_.add_constant(graph_[value].constant->permuted(permutation), std::move(quantization));
  }
  TensorType output = type(value);
  output.shape = graph::permuted(output.shape, permutation);
  std::vector<int32_t> order(permutation.begin(), permutation.end());
  return emit(Op::TRANSPOSE, {{"input", value}, {"permutation", constant_operand(Constant::list(order))}},
              std::move(output));
}

OperandId Context::slice(OperandId value, std::vector<int32_t> begin, Shape size) {
  if (size == shape(value)) return value;
  TensorType output = type(value);
  std::vector<int32_t> sizes(size.begin(), size.end());
  output.shape = std::move(size);
  return emit(Op::SLICE,
              {{"input", value},
               {"begin", constant_operand(Constant::list(begin))},
               {"size", constant_operand(Constant::list(sizes))}},
              std::move(output));
}

OperandId Context::pad(OperandId value, const std::vector<std::pair<int32_t, int32_t>>& padding, double fill) {
  check(padding.size() == rank(value), "a padding is given for each dimension");
  TensorType output = type(value);
  std::vector<int32_t> flat;
  bool none = true;
  for (size_t i = 0; i < padding.size(); ++i) {
    auto [before, after] = padding[i];
    check(before >= 0 && after >= 0, "a padding is not negative");
    none &= before == 0 && after == 0;
    flat.push_back(before);
    flat.push_back(after);
    output.shape[i] += static_cast<uint32_t>(before + after);
  }
  if (none) return value;
  OperandId paddings = constant_operand(Constant::from(flat, {static_cast<uint32_t>(padding.size()), 2}));
  if (fill == 0) return emit(Op::PAD, {{"input", value}, {"paddings", paddings}}, std::move(output));
  Argument fill_value = static_cast<float>(fill);
  if (output.type == OperandType::TENSOR_INT32) fill_value = int32(fill);
  if (nnapi::is_quantized(output.type)) fill_value = quantized_number(fill, output);
  return emit(Op::PAD_V2, {{"input", value}, {"paddings", paddings}, {"pad_value", fill_value}}, std::move(output));
}

OperandId Context::concatenate(std::vector<OperandId> values, int32_t axis) {
  check(!values.empty(), "something is concatenated");
  if (values.size() == 1) return values.front();
  TensorType output = type(values.front());
  uint32_t& size = output.shape[static_cast<size_t>(axis)];
  for (size_t i = 1; i < values.size(); ++i) size += shape(values[i])[static_cast<size_t>(axis)];
  return emit(Op::CONCATENATION, {{"inputs", std::move(values)}, {"axis", axis}}, std::move(output));
}

uint32_t Context::dimension(int64_t dimension, size_t rank) {
  // PyTorch counts rank 0 as rank 1 here.
  auto size = static_cast<int64_t>(std::max<size_t>(rank, 1));
  check(dimension >= -size && dimension < size, "a dimension that the model has used exists");
  return static_cast<uint32_t>(dimension < 0 ? dimension + size : dimension);
}

void Context::refuse(Reason reason, std::string message, std::string suggestion, int feature_level) const {
  graph::Diagnostic diagnostic;
  diagnostic.reason = reason;
  diagnostic.op = node_ ? node_->op : "";
  diagnostic.message = std::move(message);
  diagnostic.suggestion = std::move(suggestion);
  diagnostic.feature_level = feature_level;
  if (node_ && node_->origin < trace_.origins.size()) diagnostic.origin = trace_.origins[node_->origin];
  throw Refusal{std::move(diagnostic)};
}

}  // namespace passerelle::lowering
