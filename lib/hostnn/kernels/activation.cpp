// Activations, and SOFTMAX with its logarithm.
#include "kernel.h"

namespace passerelle::hostnn {
namespace {

Tensors relu(const Call& call) { return {at::relu(call.tensor(0))}; }
Tensors relu1(const Call& call) { return {at::clamp(call.tensor(0), -1, 1)}; }
Tensors relu6(const Call& call) { return {at::clamp(call.tensor(0), 0, 6)}; }
Tensors tanh(const Call& call) { return {at::tanh(call.tensor(0))}; }
Tensors logistic(const Call& call) { return {at::sigmoid(call.tensor(0))}; }
Tensors elu(const Call& call) { return {at::elu(call.tensor(0), call.real(1))}; }
Tensors hard_swish(const Call& call) { return {at::hardswish(call.tensor(0))}; }

/// The slope may be broadcast, in any dimension.
Tensors prelu(const Call& call) {
  const Tensor& values = call.tensor(0);
  return {at::addcmul(values.relu(), call.tensor(1), values.clamp_max(0))};
}

Tensors softmax(const Call& call) {
  const Tensor& values = call.tensor(0);
  const double beta = call.real(1);
  require(beta > 0, "beta is not positive");
  const int64_t axis = checked_axis(call.integer_or(2, -1), values.dim());
  return {at::softmax(beta == 1 ? values : values * beta, axis)};
}

Tensors log_softmax(const Call& call) {
  const Tensor& values = call.tensor(0);
  return {at::log_softmax(values * call.real(1), call.axis(2, values.dim()))};
}

constexpr Row rows[] = {
    {OperationType::ELU, elu, float32},
    {OperationType::HARD_SWISH, hard_swish, float32 | zero_sized},
    {OperationType::LOGISTIC, logistic, float32 | zero_sized},
    {OperationType::LOG_SOFTMAX, log_softmax, float32},
    {OperationType::PRELU, prelu, float32},
    {OperationType::RELU, relu, float32 | zero_sized},
    {OperationType::RELU1, relu1, float32 | zero_sized},
    {OperationType::RELU6, relu6, float32 | zero_sized},
    {OperationType::SOFTMAX, softmax, float32 | zero_sized},
    {OperationType::TANH, tanh, float32 | zero_sized},
};

}  // namespace

Span<const Row> activation_rows() { return rows; }

}  // namespace passerelle::hostnn
