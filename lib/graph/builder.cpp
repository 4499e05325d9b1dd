#include "passerelle/graph/builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "fold.h"
#include "passerelle/graph/operand_views.h"
#include "passerelle/support/check.h"

namespace passerelle::graph {
namespace {

std::string text(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

int32_t int32(double number) {
  const double whole = std::trunc(number);
  if (!(whole >= std::numeric_limits<int32_t>::min() && whole <= std::numeric_limits<int32_t>::max()))
    throw Misfit{"the number " + text(number) + " does not fit an int32 tensor", ""};
  return static_cast<int32_t>(whole);
}

/// Exactly `number`, as many steps from the zero point as there are: the finer the scale, the less a product with it
/// loses.
Value quantized_scalar(Builder& builder, double number, const TensorType& like) {
  const bool is_unsigned = like.type == OperandType::TENSOR_QUANT8_ASYMM;
  constexpr int32_t steps = 255, half_range = 128;
  const int32_t zero_point = number < 0 ? steps : 0, integer = number == 0 ? zero_point : steps - zero_point;
  const int32_t shift = is_unsigned ? 0 : -half_range;
  Quantization quantization;
  quantization.scale = number == 0 ? like.quantization.scale : static_cast<float>(std::abs(number) / steps);
  quantization.zero_point = zero_point + shift;
  const Constant element = Constant::from(std::vector<int32_t>{integer}, {1});
  return builder.constant(element.shifted(shift, is_unsigned ? ElementType::quint8 : ElementType::qint8), quantization);
}

/// The first operand's, and with NNAPI's scale where it prescribes one.
Quantization quantization_of(const Graph& graph, const Operation& operation, const nnapi::ResultType& result,
                             OperandType type) {
  const std::vector<OperandId> inputs = operation.inputs();
  Quantization quantization;
  if (!inputs.empty() && graph.type(inputs.front()).type == type)
    quantization = graph.type(inputs.front()).quantization;
  if (operation.is(OperationType::TRANSPOSE) && !quantization.channel_scales.empty()) {
    const std::vector<int64_t> order = graph[operation.operand("permutation")].constant->integers();
    quantization.channel_dimension = inverse(Permutation(order.begin(), order.end()))[quantization.channel_dimension];
  }
  if (result.quantization && quantization.channel_scales.empty()) {
    quantization.scale = result.quantization->scale;
    quantization.zero_point = result.quantization->zero_point;
  }
  return quantization;
}

}  // namespace

Value Builder::constant(Constant constant, Quantization quantization) {
  return value(graph_.add_constant(std::move(constant), std::move(quantization)));
}

Value Builder::scalar(double number, Value like) {
  const TensorType type = like.type();
  if (nnapi::is_quantized(type.type)) return quantized_scalar(*this, number, type);
  if (type.type == OperandType::TENSOR_INT32 && number != std::floor(number))
    throw Misfit{"the number " + std::to_string(number) + " does not fit an int32 tensor", ""};
  return constant(element(number, type.type));
}

Constant Builder::element(double number, OperandType type) const {
  const auto narrowed = static_cast<float>(number);
  switch (type) {
    case OperandType::TENSOR_FLOAT32:
      if (refuses_beyond_float32_ && std::isfinite(number) && !std::isfinite(narrowed))
        throw Misfit{
            "it computes in float64 with the constant " + text(number) + ", which does not fit NNAPI's float32", ""};
      return Constant::filled(narrowed, {1});
    case OperandType::TENSOR_FLOAT16: return Constant::filled(narrowed, {1}).converted(ElementType::float16);
    case OperandType::TENSOR_INT32: return Constant::list({int32(number)});
    case OperandType::TENSOR_BOOL8:
      return Constant::from(std::vector<uint8_t>{number != 0}, {1}).converted(ElementType::bool8);
    default:
      throw Misfit{"it combines a number with a tensor of type " + std::string(nnapi::name(type)),
                   "convert the model with .float()"};
  }
}

std::vector<TensorType> Builder::result_types(const Operation& operation, size_t count, const Chosen& chosen) const {
  const Expected<std::vector<nnapi::ResultType>> inferred = infer(graph_, operation);
  if (!inferred) throw InternalError(inferred.error().message);
  check(inferred->size() >= count, "an operation has the results that are wanted of it");
  std::vector<TensorType> types;
  for (size_t i = 0; i < count; ++i) {
    const nnapi::ResultType& result = (*inferred)[i];
    const std::optional<OperandType> type = result.type ? result.type : chosen.type;
    check(type.has_value(), "a type that is not inferred is chosen");
    const bool known = std::count(result.dimensions.begin(), result.dimensions.end(), 0u) == 0;
    check(known && !result.dimensions.empty(), "the sizes of what is built are known");
    types.push_back({*type, result.dimensions,
                     chosen.quantization ? *chosen.quantization : quantization_of(graph_, operation, result, *type)});
  }
  return types;
}

Value Builder::emit(OperationType type, NamedArguments arguments, const Chosen& chosen) {
  return emit(type, arguments, 1, chosen).front();
}

Values Builder::emit(OperationType type, NamedArguments arguments, size_t count, const Chosen& chosen) {
  return append(graph_.make_operation(type, arguments, {}, origin_), count, chosen);
}

Values Builder::append(Operation operation, size_t count, const Chosen& chosen) {
  operation.origin = origin_;
  operation.outputs.clear();
  const std::vector<TensorType> types = result_types(operation, count, chosen);
  if (count == 1)
    if (std::optional<Constant> known = fold(graph_, operation, types[0]))
      return {constant(*std::move(known), types[0].quantization)};
  Values values;
  for (const TensorType& each : types) {
    operation.outputs.push_back(graph_.add_operand(each));
    values.push_back(value(operation.outputs.back()));
  }
  graph_.operations.push_back(std::move(operation));
  return values;
}

Value Builder::unary(OperationType type, Value x) {
  return emit(type, {{nnapi::argument_table(type)[0].name, x.id()}});
}

Value Builder::binary(OperationType type, Term a, Term b) {
  check(a.value() || b.value(), "one of two operands is a tensor");
  Value left = a.value() ? *a.value() : scalar(a.number(), *b.value());
  Value right = b.value() ? *b.value() : scalar(b.number(), left);
  check(left.is(right.element_type()), "the operands of a binary operation have one type");
  const size_t rank = std::max(left.rank(), right.rank());
  const auto equalised = [rank](Value x) {
    // A tensor of one element needs no rank: NNAPI broadcasts it as it is, in any layout. Nor has RESHAPE all types:
    // integers and truth values are broadcast as they are.
    const bool reshapes = !x.is(OperandType::TENSOR_BOOL8) && !x.is(OperandType::TENSOR_INT32);
    return element_count(x.shape()) == 1 || !(reshapes || x.is_constant()) ? x : raised(x, rank);
  };
  left = equalised(left);
  right = equalised(right);
  const Span<const nnapi::ArgumentSpec> table = nnapi::argument_table(type);
  return emit(type, {{table[0].name, left.id()}, {table[1].name, right.id()}});
}

}  // namespace passerelle::graph
