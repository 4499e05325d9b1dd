// What tracing leaves uncomputed has the shape and the strides that LibTorch's operators give.
#include "uncomputed_results.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <catch2/catch.hpp>

using namespace passerelle::torchscript;
using c10::IValue;

namespace {

/// Compares the operator's own result with what stands for it.
void require_same(const char* op, std::vector<IValue> arguments) {
  CAPTURE(op, arguments);
  const c10::OperatorHandle handle = c10::Dispatcher::singleton().findSchemaOrThrow(op, "");
  const std::optional<at::Tensor> uncomputed = uncomputed_result(op, handle.schema(), arguments);
  REQUIRE(uncomputed);
  torch::jit::Stack stack = arguments;
  handle.callBoxed(&stack);
  const at::Tensor expected = stack.front().toTensor();
  CHECK(uncomputed->sizes() == expected.sizes());
  CHECK(uncomputed->strides() == expected.strides());
  CHECK(uncomputed->scalar_type() == expected.scalar_type());
}

/// A tensor, and others of the same shape that lie differently in memory.
std::vector<at::Tensor> forms(std::vector<int64_t> shape) {
  const at::Tensor plain = at::rand(shape);
  std::vector<at::Tensor> all{plain};
  for (int64_t i = 0; i < plain.dim(); ++i) {
    all.push_back(plain.transpose(i, -1).contiguous().transpose(i, -1));
    all.push_back(plain.transpose(0, i).contiguous().transpose(0, i));
    all.push_back(plain.narrow(i, 0, 1).expand(shape));
  }
  return all;
}

}  // namespace

TEST_CASE("products of matrices that are not computed") {
  const c10::InferenceMode inference;
  for (const at::Tensor& weight : forms({4, 3})) {
    for (const IValue& bias : {IValue(), IValue(at::rand({4}))}) {
      for (const at::Tensor& input : forms({2, 3})) require_same("aten::linear", {input, weight, bias});
      for (const at::Tensor& input : forms({5, 2, 3})) require_same("aten::linear", {input, weight, bias});
      for (const at::Tensor& input : forms({2, 5, 2, 3})) require_same("aten::linear", {input, weight, bias});
    }
    for (const at::Tensor& a : forms({2, 4})) {
      require_same("aten::mm", {a, weight});
      require_same("aten::matmul", {a, weight});
      require_same("aten::addmm", {at::rand({3}), a, weight, 1, 1});
    }
    for (const at::Tensor& a : forms({6, 2, 4})) require_same("aten::matmul", {a, weight});
  }
  for (const at::Tensor& a : forms({5, 2, 3}))
    for (const at::Tensor& b : forms({5, 3, 4})) {
      require_same("aten::bmm", {a, b});
      require_same("aten::matmul", {a, b});
    }
}
