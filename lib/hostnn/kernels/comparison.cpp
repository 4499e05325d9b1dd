// Comparisons, logic on BOOL8, SELECT.
#include "kernel.h"

namespace passerelle::hostnn {
namespace {

Tensors equal(const Call& call) { return {at::eq(call.tensor(0), call.tensor(1))}; }
Tensors greater(const Call& call) { return {at::gt(call.tensor(0), call.tensor(1))}; }
Tensors greater_equal(const Call& call) { return {at::ge(call.tensor(0), call.tensor(1))}; }
Tensors less(const Call& call) { return {at::lt(call.tensor(0), call.tensor(1))}; }
Tensors less_equal(const Call& call) { return {at::le(call.tensor(0), call.tensor(1))}; }
Tensors not_equal(const Call& call) { return {at::ne(call.tensor(0), call.tensor(1))}; }
Tensors logical_and(const Call& call) { return {at::logical_and(call.tensor(0), call.tensor(1))}; }
Tensors logical_or(const Call& call) { return {at::logical_or(call.tensor(0), call.tensor(1))}; }
Tensors logical_not(const Call& call) { return {at::logical_not(call.tensor(0))}; }

Tensors select(const Call& call) {
  const Tensor& condition = call.tensor(0);
  require(condition.sizes() == call.tensor(1).sizes() && condition.sizes() == call.tensor(2).sizes(),
          "SELECT does not broadcast: its three shapes must be equal");
  return {at::where(condition, call.tensor(1), call.tensor(2))};
}

constexpr Row rows[] = {
    {OperationType::EQUAL, equal, float32 | int32 | bool8},
    {OperationType::GREATER, greater, float32 | int32 | bool8},
    {OperationType::GREATER_EQUAL, greater_equal, float32 | int32 | bool8},
    {OperationType::LESS, less, float32 | int32 | bool8},
    {OperationType::LESS_EQUAL, less_equal, float32 | int32 | bool8},
    {OperationType::LOGICAL_AND, logical_and, bool8},
    {OperationType::LOGICAL_NOT, logical_not, bool8},
    {OperationType::LOGICAL_OR, logical_or, bool8},
    {OperationType::NOT_EQUAL, not_equal, float32 | int32 | bool8},
    {OperationType::SELECT, select, float32 | int32 | bool8},
};

}  // namespace

Span<const Row> comparison_rows() { return rows; }

}  // namespace passerelle::hostnn
