// Operations and constants added to the graph, with the shapes and types of their results.
#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "context.h"
#include "passerelle/support/check.h"
#include "quantization.h"

namespace passerelle::lowering {
namespace {

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

}  // namespace passerelle::lowering
