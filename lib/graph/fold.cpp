#include "fold.h"

#include <algorithm>
#include <cmath>

namespace passerelle::graph {
namespace {

using Op = OperationType;

struct Fold {
  const Graph& graph;
  const Operation& operation;
  const TensorType& result;

  const Constant& constant(std::string_view name) const { return *graph[operation.operand(name)].constant; }
  std::vector<int64_t> integers(std::string_view name) const { return constant(name).integers(); }
};

// --- Movements of elements: views.

std::optional<Constant> reshaped(const Fold& f) { return f.constant("input").reshaped(f.result.shape); }

std::optional<Constant> transposed(const Fold& f) {
  const std::vector<int64_t> order = f.integers("permutation");
  return f.constant("input").permuted(Permutation(order.begin(), order.end()));
}

std::optional<Constant> sliced(const Fold& f) {
  Constant result = f.constant("input");
  const std::vector<int64_t> begin = f.integers("begin");
  for (size_t i = 0; i < begin.size(); ++i)
    result = result.sliced(i, static_cast<uint32_t>(begin[i]), f.result.shape[i]);
  return result;
}

/// Where only dimensions of size 1 are repeated.
std::optional<Constant> tiled(const Fold& f) {
  const Constant& input = f.constant("input");
  for (size_t i = 0; i < f.result.shape.size(); ++i)
    if (input.shape()[i] != 1 && input.shape()[i] != f.result.shape[i]) return std::nullopt;
  return input.broadcast_to(f.result.shape);
}

std::optional<Constant> converted(const Fold& f) {
  switch (f.result.type) {
    case OperandType::TENSOR_FLOAT32: return f.constant("input").converted(ElementType::float32);
    case OperandType::TENSOR_FLOAT16: return f.constant("input").converted(ElementType::float16);
    case OperandType::TENSOR_INT32: return f.constant("input").converted(ElementType::int32);
    default: return std::nullopt;
  }
}

// --- Arithmetic.

constexpr size_t most_elements = 1 << 16;

bool is_small_float(const Fold& f) {
  if (f.result.type != OperandType::TENSOR_FLOAT32 || element_count(f.result.shape) > most_elements) return false;
  for (OperandId id : f.operation.inputs())
    if (f.graph.type(id).type != OperandType::TENSOR_FLOAT32) return false;
  return true;
}

template <float function(float)>
std::optional<Constant> mapped(const Fold& f) {
  if (!is_small_float(f)) return std::nullopt;
  std::vector<float> numbers = f.constant("input").floats();
  std::transform(numbers.begin(), numbers.end(), numbers.begin(), function);
  return Constant::from(std::move(numbers), f.result.shape);
}

template <float function(float, float)>
std::optional<Constant> combined(const Fold& f) {
  if (!is_small_float(f)) return std::nullopt;
  if (nnapi::argument_index(*f.operation.type, "activation") >= 0 && f.operation.integer("activation") != 0)
    return std::nullopt;
  std::vector<float> a = f.constant("input1").broadcast_to(f.result.shape).floats();
  const std::vector<float> b = f.constant("input2").broadcast_to(f.result.shape).floats();
  std::transform(a.begin(), a.end(), b.begin(), a.begin(), function);
  return Constant::from(std::move(a), f.result.shape);
}

float sum(float a, float b) { return a + b; }
float difference(float a, float b) { return a - b; }
float product(float a, float b) { return a * b; }
float quotient(float a, float b) { return a / b; }
// What is not a number stays so.
float greater(float a, float b) { return std::isnan(b) ? b : std::max(a, b); }
float lesser(float a, float b) { return std::isnan(b) ? b : std::min(a, b); }
float negative(float a) { return -a; }
float magnitude(float a) { return std::abs(a); }
float whole(float a) { return std::floor(a); }
float root(float a) { return std::sqrt(a); }
float rectified(float a) { return std::max(a, 0.0f); }
float within_1(float a) { return std::clamp(a, -1.0f, 1.0f); }

struct Row {
  OperationType type;
  std::optional<Constant> (*fold)(const Fold&);
};

constexpr Row table[] = {
    {Op::RESHAPE, reshaped},
    {Op::EXPAND_DIMS, reshaped},
    {Op::SQUEEZE, reshaped},
    {Op::TRANSPOSE, transposed},
    {Op::SLICE, sliced},
    {Op::TILE, tiled},
    {Op::CAST, converted},

    {Op::ADD, combined<sum>},
    {Op::SUB, combined<difference>},
    {Op::MUL, combined<product>},
    {Op::DIV, combined<quotient>},
    {Op::MAXIMUM, combined<greater>},
    {Op::MINIMUM, combined<lesser>},

    {Op::NEG, mapped<negative>},
    {Op::ABS, mapped<magnitude>},
    {Op::FLOOR, mapped<whole>},
    {Op::SQRT, mapped<root>},
    {Op::RELU, mapped<rectified>},
    {Op::RELU1, mapped<within_1>},
};

}  // namespace

std::optional<Constant> fold(const Graph& graph, const Operation& operation, const TensorType& result) {
  const Row* row =
      std::find_if(std::begin(table), std::end(table), [&](const Row& each) { return operation.is(each.type); });
  if (row == std::end(table)) return std::nullopt;
  for (OperandId id : operation.inputs())
    if (!graph.is_constant(id)) return std::nullopt;
  return row->fold({graph, operation, result});
}

}  // namespace passerelle::graph
