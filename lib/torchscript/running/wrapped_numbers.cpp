#include "wrapped_numbers.h"

#include <torch/csrc/jit/ir/constants.h>

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

constexpr const char* takes_numbers[] = {
    "aten::add(Tensor self, Tensor other, *, Scalar alpha) -> Tensor",
    "aten::sub(Tensor self, Tensor other, *, Scalar alpha) -> Tensor",
    "aten::mul(Tensor self, Tensor other) -> Tensor",
    "aten::div(Tensor self, Tensor other) -> Tensor",
};

bool may_take_a_number(const jit::Node* node) {
  for (const char* schema : takes_numbers)
    if (node->matches(schema)) return true;
  return false;
}

/// The number that the node's second input stands for. A schema's Scalar is no bool; as a tensor it promotes alike.
c10::optional<at::Scalar> number_of(const jit::Node* node) {
  const c10::optional<c10::IValue> other = jit::toIValue(node->input(1));
  if (!other || !other->isTensor()) return c10::nullopt;
  const at::Tensor& tensor = other->toTensor();
  if (!tensor.defined() || tensor.dim() != 0 || tensor.scalar_type() == at::kBool || tensor.is_quantized())
    return c10::nullopt;
  return tensor.item();
}

void unwrap_numbers(jit::Block* block) {
  for (jit::Node* node : block->nodes()) {
    for (jit::Block* inner : node->blocks()) unwrap_numbers(inner);
    if (!may_take_a_number(node)) continue;
    const c10::optional<at::Scalar> number = number_of(node);
    if (!number) continue;
    const jit::WithInsertPoint before(node);
    node->replaceInput(1, node->owningGraph()->insertConstant(*number));
  }
}

}  // namespace

void unwrap_numbers(jit::Graph& graph) { unwrap_numbers(graph.block()); }

}  // namespace passerelle::torchscript
