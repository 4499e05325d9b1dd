// What tracing leaves uncomputed has the shape and the strides that LibTorch's operators give.
#include "interpreter/uncomputed_results.h"
#include "catch.h"

#include <ATen/core/dispatch/Dispatcher.h>

using namespace passerelle::torchscript;
using c10::IValue;

namespace {

/// Compares the operator's own result with what stands for it.
void require_same(const char* op, std::vector<IValue> arguments) {
  CAPTURE(op, arguments);
  const c10::OperatorHandle handle = c10::Dispatcher::singleton().findSchemaOrThrow(op, "");
  const auto uncomputed = uncomputed_results(op, handle.schema(), arguments);
  REQUIRE(uncomputed);
  torch::jit::Stack stack = arguments;
  handle.callBoxed(&stack);
  REQUIRE(uncomputed->size() == stack.size());
  for (size_t i = 0; i < stack.size(); ++i) {
    const at::Tensor expected = stack[i].toTensor(), actual = (*uncomputed)[i].toTensor();
    REQUIRE(actual.defined() == expected.defined());
    if (!actual.defined()) continue;
    CHECK(actual.sizes() == expected.sizes());
    CHECK(actual.strides() == expected.strides());
    CHECK(actual.scalar_type() == expected.scalar_type());
  }
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

TEST_CASE("fused attention that is not computed") {
  const c10::InferenceMode inference;
  const at::Tensor input = at::rand({2, 5, 8});
  const std::vector<IValue> weights{at::rand({24, 8}), at::rand({24}), at::rand({8, 8}), at::rand({8})};
  std::vector<IValue> attention{input, input, input, 8, 2};
  attention.insert(attention.end(), weights.begin(), weights.end());
  attention.insert(attention.end(), {IValue(), false, true, IValue()});
  require_same("aten::_native_multi_head_attention", attention);

  std::vector<IValue> layer{input, 8, 2};
  layer.insert(layer.end(), weights.begin(), weights.end());
  layer.insert(layer.end(), {true, false, 1e-5});
  for (int i = 0; i < 4; ++i) layer.push_back(at::rand({8}));
  layer.insert(layer.end(), {at::rand({16, 8}), at::rand({16}), at::rand({8, 16}), at::rand({8}), IValue(), IValue()});
  require_same("aten::_transformer_encoder_layer_fwd", layer);
}
