#include "integer_range.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <vector>

#include "passerelle/nnapi/traits.h"

namespace passerelle::passes {
namespace {

/// Operations looked back through: longer chains of integers are rare.
constexpr int farthest = 64;

constexpr IntegerRange any_integer{std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
constexpr IntegerRange any_float{-1e38, 1e38};

IntegerRange anything(const TensorType& type) {
  return type.type == OperandType::TENSOR_INT32 ? any_integer : any_float;
}

/// One question: what was found out on the way is not asked again.
struct Search {
  const Rewriter& r;
  std::map<uint32_t, IntegerRange> known{};
};

IntegerRange range_of(Search& search, OperandId id, int steps);

IntegerRange combined(OperationType type, const IntegerRange& a, const IntegerRange& b) {
  switch (type) {
    case Op::ADD: return {a.low + b.low, a.high + b.high};
    case Op::SUB: return {a.low - b.high, a.high - b.low};
    case Op::MUL: {
      const auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
      return {low, high};
    }
    case Op::MAXIMUM: return {std::max(a.low, b.low), std::max(a.high, b.high)};
    case Op::MINIMUM: return {std::min(a.low, b.low), std::min(a.high, b.high)};
    default: return {std::min(a.low, b.low), std::max(a.high, b.high)};  // SELECT: one or the other
  }
}

template <typename Number>
IntegerRange range_of(const std::vector<Number>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {static_cast<double>(*low), static_cast<double>(*high)};
}

IntegerRange of_constant(const Operand& operand) {
  if (operand.constant->size() == 0) return anything(operand.type);
  if (operand.type.type == OperandType::TENSOR_FLOAT32) return range_of(operand.constant->floats());
  return range_of(operand.constant->integers());
}

IntegerRange of_operation(Search& search, const Operation& operation, int steps) {
  const Rewriter& r = search.r;
  if (!operation.type || steps == 0) return anything(r.type(operation.output()));
  auto of = [&](const char* name) { return range_of(search, operation.operand(name), steps - 1); };
  switch (*operation.type) {
    case Op::ARGMAX:
    case Op::ARGMIN: {
      const Shape shape = r.shape(operation.operand("input"));
      return {0, shape[normalised_axis(operation.integer("axis"), shape.size())] - 1.0};
    }
    case Op::ADD:
    case Op::SUB:
    case Op::MUL:
      if (operation.integer("activation") != 0) return anything(r.type(operation.output()));
      [[fallthrough]];
    case Op::MAXIMUM:
    case Op::MINIMUM:
    case Op::SELECT: return combined(*operation.type, of("input1"), of("input2"));
    case Op::NEG: return combined(Op::SUB, {0, 0}, of("input"));
    case Op::ABS: {
      const IntegerRange range = of("input");
      return {0, std::max(std::abs(range.low), std::abs(range.high))};
    }
    case Op::CAST: return of("input");
    default: {
      const bool keeps = nnapi::traits(*operation.type).elements == nnapi::Elements::kept;
      return keeps ? of("input") : anything(r.type(operation.output()));
    }
  }
}

/// A result that leaves the range of INT32 may have become any other.
IntegerRange wrapped(const IntegerRange& range, const TensorType& type) {
  const IntegerRange whole = anything(type);
  return range.low >= whole.low && range.high <= whole.high ? range : whole;
}

IntegerRange found_range(Search& search, OperandId id, int steps) {
  const Rewriter& r = search.r;
  const Operand& operand = r.graph()[id];
  const bool is_number = operand.type.type == OperandType::TENSOR_INT32 || r.is_float(id);
  if (!is_number) return any_float;
  if (operand.constant) return of_constant(operand);
  const Operation* producer = r.producer(id);
  if (producer && producer->is(Op::TOPK_V2) && producer->outputs[1] == id)
    return {0, r.shape(producer->operand("input")).back() - 1.0};
  if (!producer || (producer->output() != id && !producer->is(Op::SPLIT))) return anything(operand.type);
  return wrapped(of_operation(search, *producer, steps), operand.type);
}

IntegerRange range_of(Search& search, OperandId id, int steps) {
  const auto known = search.known.find(graph::index(id));
  if (known != search.known.end()) return known->second;
  const IntegerRange range = found_range(search, id, steps);
  search.known.emplace(graph::index(id), range);
  return range;
}

}  // namespace

IntegerRange integer_range(const Rewriter& r, OperandId id) {
  Search search{r};
  return range_of(search, id, farthest);
}

IntegerRange integer_range(const Rewriter& r, const Operation& operation) {
  Search search{r};
  return wrapped(of_operation(search, operation, farthest), r.type(operation.output()));
}

}  // namespace passerelle::passes
