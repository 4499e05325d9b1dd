// Comparisons, logic, choices between tensors, and conversions of element types.
#include <cmath>
#include <limits>

#include "conversion.h"
#include "families.h"
#include "passerelle/graph/ways_out.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

constexpr OperandType boolean = OperandType::TENSOR_BOOL8;

// --- Comparisons.

template <OperationType operation>
void lower_comparison(Context& context) {
  OperandType type = promoted(context, "self", "other");
  context.result(binary(operation, argument(context, "self", type), argument(context, "other", type)));
}

void lower_isnan(Context& context) {
  Value x = context.tensor("self");
  context.result(not_equal(x, x));
}

/// Integers and bools are finite.
template <OperationType operation>
void compare_with_infinity(Context& context) {
  Value x = cast(context, context.tensor("self"), OperandType::TENSOR_FLOAT32);
  context.result(binary(operation, abs(x), static_cast<double>(INFINITY)));
}

// --- Logic. Numbers are true where they are not 0.

template <OperationType operation>
void lower_logical(Context& context) {
  context.result(binary(operation, argument(context, "self", boolean), argument(context, "other", boolean)));
}

/// The bits of bools are their truth; those of integers have no counterpart.
template <OperationType operation>
void lower_bitwise(Context& context) {
  if (context.result_type().type != boolean)
    context.refuse(Reason::no_counterpart, "NNAPI has no operations on the bits of integers",
                   graph::way_out::bits_by_arithmetic);
  lower_logical<operation>(context);
}

void lower_logical_not(Context& context) { context.result(logical_not(argument(context, "self", boolean))); }

void lower_bitwise_not(Context& context) {
  if (context.result_type().type != boolean)
    context.refuse(Reason::no_counterpart, "NNAPI has no operations on the bits of integers",
                   graph::way_out::bits_by_arithmetic);
  lower_logical_not(context);
}

// --- Choices.

void lower_choice(Context& context, Value condition, Value where_true, Value where_false) {
  context.result(chosen(context, condition, where_true, where_false, context.result_type().shape));
}

void lower_where(Context& context) {
  if (!context.has("self"))
    context.refuse(Reason::dynamic_shape, "the number of its results depends on the data",
                   "use torch.where(condition, a, b)");
  OperandType type = context.result_type().type;
  lower_choice(context, argument(context, "condition", boolean), argument(context, "self", type),
               argument(context, "other", type));
}

void lower_masked_fill(Context& context) {
  OperandType type = context.result_type().type;
  lower_choice(context, argument(context, "mask", boolean), argument(context, "value", type), self_as_result(context));
}

void lower_nan_to_num(Context& context) {
  Value x = self_as_result(context);
  if (!x.is(OperandType::TENSOR_FLOAT32)) return context.result(x);
  constexpr double largest = std::numeric_limits<float>::max();
  Value number = equal(x, x);
  const Shape shape = x.shape();
  Value known =
      select(context, number, x, filled(context, context.number_or("nan", 0), OperandType::TENSOR_FLOAT32, shape));
  double above = context.number_or("posinf", largest), below = context.number_or("neginf", -largest);
  if (above == largest && below == -largest) return context.result(max(min(known, largest), -largest));
  Value finite_above = less_equal(known, largest);
  known = select(context, finite_above, known, filled(context, above, OperandType::TENSOR_FLOAT32, shape));
  Value finite_below = greater_equal(known, -largest);
  context.result(select(context, finite_below, known, filled(context, below, OperandType::TENSOR_FLOAT32, shape)));
}

// --- Element types.

void lower_conversion(Context& context) {
  graph::ElementType from = context.info("self").type, to = context.result_info().type;
  bool narrows =
      (to == graph::ElementType::uint8 || to == graph::ElementType::int8 || to == graph::ElementType::int16) &&
      from != to && from != graph::ElementType::bool8;
  if (narrows)
    context.refuse(
        Reason::element_type,
        "it narrows " + std::string(graph::name(from)) + " to " + std::string(graph::name(to)) + ", which NNAPI lacks",
        graph::way_out::keep_int32);
  context.result(self_as_result(context));
}

void lower_identity(Context& context) { context.result(context.tensor("self")); }

void lower_dropout(Context& context) {
  if (context.boolean("train"))
    context.refuse(Reason::nondeterministic, "in training mode it draws random numbers", "call model.eval() first");
  context.result(context.tensor("input"));
}

constexpr std::string_view bits = "the bits of integers";

constexpr Lowering table[] = {
    {"aten::eq", lower_comparison<Op::EQUAL>, "EQUAL", ""},
    {"aten::ne", lower_comparison<Op::NOT_EQUAL>, "NOT_EQUAL", ""},
    {"aten::not_equal", lower_comparison<Op::NOT_EQUAL>, "NOT_EQUAL", ""},
    {"aten::lt", lower_comparison<Op::LESS>, "LESS", ""},
    {"aten::less", lower_comparison<Op::LESS>, "LESS", ""},
    {"aten::le", lower_comparison<Op::LESS_EQUAL>, "LESS_EQUAL", ""},
    {"aten::less_equal", lower_comparison<Op::LESS_EQUAL>, "LESS_EQUAL", ""},
    {"aten::gt", lower_comparison<Op::GREATER>, "GREATER", ""},
    {"aten::greater", lower_comparison<Op::GREATER>, "GREATER", ""},
    {"aten::ge", lower_comparison<Op::GREATER_EQUAL>, "GREATER_EQUAL", ""},
    {"aten::greater_equal", lower_comparison<Op::GREATER_EQUAL>, "GREATER_EQUAL", ""},
    {"aten::isinf", compare_with_infinity<Op::EQUAL>, "ABS, EQUAL", ""},
    {"aten::isfinite", compare_with_infinity<Op::LESS>, "ABS, LESS", ""},
    {"aten::isnan", lower_isnan, "NOT_EQUAL", ""},
    {"aten::logical_and", lower_logical<Op::LOGICAL_AND>, "LOGICAL_AND", ""},
    {"aten::logical_or", lower_logical<Op::LOGICAL_OR>, "LOGICAL_OR", ""},
    {"aten::logical_xor", lower_logical<Op::NOT_EQUAL>, "NOT_EQUAL", ""},
    {"aten::logical_not", lower_logical_not, "LOGICAL_NOT", ""},
    {"aten::bitwise_and", lower_bitwise<Op::LOGICAL_AND>, "LOGICAL_AND", bits},
    {"aten::bitwise_or", lower_bitwise<Op::LOGICAL_OR>, "LOGICAL_OR", bits},
    {"aten::bitwise_xor", lower_bitwise<Op::NOT_EQUAL>, "NOT_EQUAL", bits},
    {"aten::bitwise_not", lower_bitwise_not, "LOGICAL_NOT", bits},
    {"aten::__and__", lower_bitwise<Op::LOGICAL_AND>, "LOGICAL_AND", bits},
    {"aten::__or__", lower_bitwise<Op::LOGICAL_OR>, "LOGICAL_OR", bits},
    {"aten::__xor__", lower_bitwise<Op::NOT_EQUAL>, "NOT_EQUAL", bits},
    {"aten::where", lower_where, "SELECT", "the form that returns indices"},
    {"aten::masked_fill", lower_masked_fill, "SELECT", ""},
    {"aten::nan_to_num", lower_nan_to_num, "EQUAL, SELECT, MINIMUM, MAXIMUM", ""},
    {"aten::to", lower_conversion, "CAST", "results of 8 and 16 bits"},
    {"aten::_to_copy", lower_conversion, "CAST", "results of 8 and 16 bits"},
    {"aten::type_as", lower_conversion, "CAST", "results of 8 and 16 bits"},
    {"aten::_cast_Byte", lower_conversion, "CAST", "results of 8 and 16 bits"},
    {"aten::_cast_Char", lower_conversion, "CAST", "results of 8 and 16 bits"},
    {"aten::_cast_Double", lower_conversion, "CAST", ""},
    {"aten::_cast_Float", lower_conversion, "CAST", ""},
    {"aten::_cast_Half", lower_conversion, "CAST", ""},
    {"aten::_cast_Int", lower_conversion, "CAST", ""},
    {"aten::_cast_Long", lower_conversion, "CAST", ""},
    {"aten::_cast_Short", lower_conversion, "CAST", "results of 8 and 16 bits"},
    {"aten::clone", lower_identity, "", ""},
    {"aten::contiguous", lower_identity, "", ""},
    {"aten::detach", lower_identity, "", ""},
    {"aten::alias", lower_identity, "", ""},
    {"aten::lift_fresh", lower_identity, "", ""},
    {"aten::dropout", lower_dropout, "", "not in training mode"},
    {"aten::feature_dropout", lower_dropout, "", "not in training mode"},
    {"aten::alpha_dropout", lower_dropout, "", "not in training mode"},
    {"aten::feature_alpha_dropout", lower_dropout, "", "not in training mode"},
};

}  // namespace

Span<const Lowering> comparison_lowerings() { return table; }

}  // namespace passerelle::lowering
