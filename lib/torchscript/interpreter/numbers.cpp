// Python numbers that are computed from the data: int(x), a loop's position, a comparison. The trace holds each in a
// tensor of rank 0 (int64, float32 or bool), and what is computed with them is computed with operators on tensors.
#include <c10/core/WrapDimMinimal.h>

#include <algorithm>

#include "call.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;
using c10::IValue;
using graph::ElementType;

namespace {

enum class Kind {
  arithmetic,  ///< on operands of the result's type
  comparison,  ///< on operands of one type, float32 where one is
  logical,     ///< on bools
  unary,
  conversion,
};

/// An operator on Python numbers, and the one on tensors that computes the same.
struct NumberOperator {
  std::string_view op;
  Kind kind;
  const char* on_tensors;
  const char* overload;
};

constexpr NumberOperator number_operators[] = {
    {"aten::add", Kind::arithmetic, "aten::add", "Tensor"},
    {"aten::sub", Kind::arithmetic, "aten::sub", "Tensor"},
    {"aten::mul", Kind::arithmetic, "aten::mul", "Tensor"},
    {"aten::div", Kind::arithmetic, "aten::div", "Tensor"},
    {"aten::floordiv", Kind::arithmetic, "aten::floor_divide", ""},
    {"aten::remainder", Kind::arithmetic, "aten::remainder", "Tensor"},
    {"prim::min", Kind::arithmetic, "aten::minimum", ""},
    {"prim::max", Kind::arithmetic, "aten::maximum", ""},
    {"aten::lt", Kind::comparison, "aten::lt", "Tensor"},
    {"aten::le", Kind::comparison, "aten::le", "Tensor"},
    {"aten::gt", Kind::comparison, "aten::gt", "Tensor"},
    {"aten::ge", Kind::comparison, "aten::ge", "Tensor"},
    {"aten::eq", Kind::comparison, "aten::eq", "Tensor"},
    {"aten::ne", Kind::comparison, "aten::ne", "Tensor"},
    {"aten::__and__", Kind::logical, "aten::logical_and", ""},
    {"aten::__or__", Kind::logical, "aten::logical_or", ""},
    {"aten::__xor__", Kind::logical, "aten::logical_xor", ""},
    {"aten::__not__", Kind::unary, "aten::logical_not", ""},
    {"aten::neg", Kind::unary, "aten::neg", ""},
    {"prim::abs", Kind::unary, "aten::abs", ""},
    {"aten::sqrt", Kind::unary, "aten::sqrt", ""},
    {"aten::exp", Kind::unary, "aten::exp", ""},
    {"aten::log", Kind::unary, "aten::log", ""},
    {"aten::sin", Kind::unary, "aten::sin", ""},
    {"aten::cos", Kind::unary, "aten::cos", ""},
    {"aten::tanh", Kind::unary, "aten::tanh", ""},
    {"aten::floor", Kind::unary, "aten::floor", ""},
    {"aten::ceil", Kind::unary, "aten::ceil", ""},
    {"aten::Int", Kind::conversion, "", ""},
    {"aten::Float", Kind::conversion, "", ""},
    {"aten::Bool", Kind::conversion, "", ""},
};

const NumberOperator* number_operator(const std::string& op) {
  const auto* const found = std::find_if(std::begin(number_operators), std::end(number_operators),
                                         [&](const NumberOperator& row) { return row.op == op; });
  return found == std::end(number_operators) ? nullptr : found;
}

/// Takes a tensor of one element and gives the number in it.
bool reads_number(const std::string& op) {
  for (const char* each : {"aten::Int", "aten::Float", "aten::Bool", "aten::IntImplicit", "aten::FloatImplicit",
                           "aten::ScalarImplicit", "aten::item", "aten::is_nonzero"})
    if (op == each) return true;
  return false;
}

bool is_number(const IValue& value) { return value.isInt() || value.isDouble() || value.isBool(); }

ElementType type_of(const IValue& number) {
  if (number.isInt()) return ElementType::int64;
  return number.isBool() ? ElementType::bool8 : ElementType::float32;
}

ElementType join_types(ElementType a, ElementType b) {
  if (a == b) return a;
  const bool has_float = a == ElementType::float32 || b == ElementType::float32;
  return has_float ? ElementType::float32 : ElementType::int64;
}

bool takes_tensor(const c10::TypePtr& type) {
  if (const auto optional = type->cast<c10::OptionalType>()) return takes_tensor(optional->getElementType());
  return type->kind() == c10::TypeKind::TensorType;
}

Value int_list(c10::IntArrayRef numbers) {
  std::vector<Value> elements(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) elements[i].data = numbers[i];
  return {std::move(elements)};
}

}  // namespace

TensorId Interpreter::number_tensor(const IValue& value, std::optional<TensorId> number) {
  if (number) return *number;
  const at::Tensor tensor = value.isInt()    ? at::scalar_tensor(value.toInt(), at::kLong)
                            : value.isBool() ? at::scalar_tensor(value.toBool(), at::kBool)
                                             : at::scalar_tensor(value.toDouble(), at::kFloat);
  return trace_.add_constant(tensor, Dependence::constant);
}

TensorId Interpreter::emit_on_numbers(const char* op, const char* overload,
                                      std::vector<std::pair<std::string, Value>> arguments, ElementType type) {
  trace::Node node;
  node.op = op;
  node.overload = overload;
  node.arguments = std::move(arguments);
  Tensor result;
  result.type = type;
  return emit_node(std::move(node), std::move(result));
}

TensorId Interpreter::as_number_type(TensorId id, ElementType type) {
  if (trace_[id].type == type) return id;
  const auto code = static_cast<int64_t>(*scalar_type(type));
  return emit_on_numbers("aten::to", "dtype",
                         {{"self", {id}},
                          {"dtype", {code}},
                          {"non_blocking", {false}},
                          {"copy", {false}},
                          {"memory_format", {Value::None{}}}},
                         type);
}

/// The tensor that holds the number which the operator has just read from another.
std::optional<TensorId> Interpreter::number_of_tensor(const Call& call) {
  const at::Tensor& tensor = call.arguments[0].toTensor();
  TensorId id = tracker_.id(tensor);
  if (tensor.dim() > 0) {
    trace::Node node;
    node.op = "aten::reshape";
    node.arguments = {{"self", {id}}, {"shape", int_list({})}};
    Tensor result = trace_[id];
    result.constant.reset();
    result.dependence = Dependence::data;
    result.shape.clear();
    id = emit_node(std::move(node), std::move(result));
  }
  return as_number_type(id, type_of(call.results[0]));
}

/// The tensor that holds what an operator on numbers has just computed; nothing where no operator on tensors does.
std::optional<TensorId> Interpreter::number_result(const Call& call) {
  const NumberOperator* row = number_operator(call.op);
  const ElementType result = type_of(call.results[0]);
  for (const Slot& input : call.inputs)
    if (!is_number(input.value) || (input.dependence == Dependence::data && !input.number)) return std::nullopt;
  const auto operand = [&](size_t i, ElementType type) {
    return as_number_type(number_tensor(call.inputs[i].value, call.inputs[i].number), type);
  };
  const auto binary = [&](const char* op, const char* overload, TensorId a, TensorId b, ElementType type) {
    std::vector<std::pair<std::string, Value>> arguments{{"self", {a}}, {"other", {b}}};
    if (op == std::string_view("aten::add") || op == std::string_view("aten::sub"))
      arguments.emplace_back("alpha", Value{int64_t{1}});
    return emit_on_numbers(op, overload, std::move(arguments), type);
  };
  // The place of a loop's iteration in its range: start + index * step.
  if (call.op == "aten::__derive_index") {
    const TensorId steps = binary("aten::mul", "Tensor", operand(0, result), operand(2, result), result);
    return binary("aten::add", "Tensor", operand(1, result), steps, result);
  }
  // Where the range has no element it may be negative here, which is as good as 0.
  if (call.op == "aten::__range_length" && !call.inputs[2].number) {
    const int64_t step = call.inputs[2].value.toInt();
    const size_t low = step > 0 ? 0 : 1;
    TensorId length = binary("aten::sub", "Tensor", operand(1 - low, result), operand(low, result), result);
    const int64_t width = std::abs(step);
    if (width == 1) return length;
    length = binary("aten::add", "Tensor", length, number_tensor(width - 1, std::nullopt), result);
    return binary("aten::floor_divide", "", length, number_tensor(width, std::nullopt), result);
  }
  if (row == nullptr || call.inputs.empty()) return std::nullopt;
  if (row->kind == Kind::conversion) return operand(0, result);
  if (row->kind == Kind::unary) {
    const bool on_floats = !call.inputs[0].value.isBool() &&
                           (result == ElementType::float32 || row->op == "aten::floor" || row->op == "aten::ceil");
    const ElementType type = on_floats ? ElementType::float32 : type_of(call.inputs[0].value);
    return as_number_type(emit_on_numbers(row->on_tensors, row->overload, {{"self", {operand(0, type)}}}, type),
                          result);
  }
  if (call.inputs.size() != 2) return std::nullopt;
  ElementType type = result;
  if (row->kind == Kind::comparison) {
    type = join_types(type_of(call.inputs[0].value), type_of(call.inputs[1].value));
  } else if (row->kind == Kind::logical && result != ElementType::bool8) {
    return std::nullopt;  // bits of integers
  }
  return binary(row->on_tensors, row->overload, operand(0, type), operand(1, type), result);
}

/// Whether there is a form of the operator that takes the numbers from data as tensors. Notes it.
bool Interpreter::takes_numbers_as_tensors(Call& call) {
  const auto has_number = [](const Slot& input) { return input.number.has_value(); };
  if (!call.makes_tensors || std::none_of(call.inputs.begin(), call.inputs.end(), has_number)) return false;
  const auto& arguments = call.schema.arguments();
  const auto fits = [&](const c10::FunctionSchema& candidate) {
    if (candidate.arguments().size() != arguments.size()) return false;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const c10::Argument& theirs = candidate.arguments()[i];
      if (theirs.name() != arguments[i].name()) return false;
      const bool wants_tensor = takes_tensor(theirs.type()), has_tensor = takes_tensor(arguments[i].type());
      if (call.inputs[i].number
              ? !wants_tensor
              : wants_tensor != has_tensor && !is_number(call.inputs[i].value) && !call.inputs[i].value.isNone())
        return false;
    }
    return true;
  };
  for (const auto& candidate : jit::getAllOperatorsFor(c10::Symbol::fromQualString(call.op))) {
    if (!fits(candidate->schema())) continue;
    call.tensor_overload = candidate->schema().overload_name();
    for (size_t i = 0; i < arguments.size(); ++i)
      call.number_as_tensor.push_back(takes_tensor(candidate->schema().arguments()[i].type()) &&
                                      is_number(call.inputs[i].value));
    return true;
  }
  return false;
}

/// x[i] with a position from data: one element of a dimension is gathered.
void Interpreter::select_at_number(Call& call) {
  const at::Tensor& self = call.arguments[0].toTensor();
  const int64_t dimension = c10::maybe_wrap_dim(call.arguments[1].toInt(), self.dim());
  const TensorId source = tracker_.id(self);
  TensorId place = *call.inputs[2].number;
  if (counters_.count(place) == 0) {
    const TensorId negative =
        emit_on_numbers("aten::lt", "Scalar", {{"self", {place}}, {"other", {int64_t{0}}}}, ElementType::bool8);
    const TensorId wrapped = emit_on_numbers(
        "aten::add", "Scalar", {{"self", {place}}, {"other", {self.size(dimension)}}, {"alpha", {int64_t{1}}}},
        ElementType::int64);
    place = emit_on_numbers("aten::where", "self", {{"condition", {negative}}, {"self", {wrapped}}, {"other", {place}}},
                            ElementType::int64);
  }
  trace::Node as_list;
  as_list.op = "aten::reshape";
  as_list.arguments = {{"self", {place}}, {"shape", int_list({1})}};
  Tensor list;
  list.type = ElementType::int64;
  list.shape = {1};
  place = emit_node(std::move(as_list), std::move(list));
  invoke(call);
  const at::Tensor& result = call.results[0].toTensor();
  View view;
  view.kind = View::Kind::select_computed;
  view.dimension = dimension;
  view.place = place;
  tracker_.add_view(result, self, view, Dependence::data, tracker_.gather(view, source, result.sizes().vec()));
  set(call.node->output(), {result});
}

/// A tensor with the number as its elements: torch.tensor(n), torch.full(shape, n).
void Interpreter::tensor_of_number(Call& call, size_t number) {
  invoke(call);
  const at::Tensor& result = call.results[0].toTensor();
  TensorId id = as_number_type(*call.inputs[number].number, element_type(result.scalar_type()));
  if (result.dim() > 0) {
    trace::Node node;
    node.op = "aten::expand";
    node.arguments = {{"self", {id}}, {"size", int_list(result.sizes())}, {"implicit", {false}}};
    id = emit_node(std::move(node), describe(result));
  }
  tracker_.add_fresh(result, Dependence::data, id);
  set(call.node->output(), {result});
}

bool Interpreter::run_with_number(Call& call) {
  const auto has_number = [](const Slot& input) { return input.number.has_value(); };
  const bool any_number = std::any_of(call.inputs.begin(), call.inputs.end(), has_number);
  const bool reads = reads_number(call.op) && call.arguments.size() == 1 && call.arguments[0].isTensor() &&
                     dependence(call.inputs[0]) == Dependence::data;
  if (!any_number && !reads) return false;
  const std::string& overload = call.schema.overload_name();
  if (call.op == "aten::select" && overload == "int" && call.inputs[2].number && !call.inputs[1].number)
    return select_at_number(call), true;
  if ((call.op == "aten::tensor" || call.op == "aten::scalar_tensor") && call.inputs[0].number)
    return tensor_of_number(call, 0), true;
  if (call.op == "aten::full" && call.inputs[1].number) return tensor_of_number(call, 1), true;
  const auto& returns = call.schema.returns();
  if (returns.size() != 1 || takes_tensor(returns[0].type()) || call.node->outputs().size() != 1) return false;
  const c10::TypeKind kind = returns[0].type()->kind();
  if (kind != c10::TypeKind::IntType && kind != c10::TypeKind::FloatType && kind != c10::TypeKind::BoolType &&
      kind != c10::TypeKind::NumberType)
    return false;
  invoke(call);
  if (!is_number(call.results[0])) return false;
  const std::optional<TensorId> id = reads ? number_of_tensor(call) : number_result(call);
  set(call.node->output(), id ? number_slot(call.results[0], *id) : Slot{call.results[0], Dependence::data});
  return true;
}

}  // namespace passerelle::torchscript
