#include "devices.h"

#include <torch/csrc/jit/ir/constants.h>

#include <vector>

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

const c10::Device cpu(at::kCPU);

void name_cpu(jit::Node* node) {
  const jit::WithInsertPoint before(node);
  node->output()->replaceAllUsesWith(node->owningGraph()->insertConstant(cpu));
}

bool is_other_device(const c10::IValue& value) { return value.isDevice() && !value.toDevice().is_cpu(); }

/// x.cuda() as x.cpu().
void copy_to_cpu(jit::Node* node) {
  const jit::WithInsertPoint before(node);
  jit::Value* copy = node->owningGraph()->insert(c10::Symbol::fromQualString("aten::cpu"), {node->input(0)});
  node->output()->replaceAllUsesWith(copy);
  node->destroy();
}

void move_to_cpu(jit::Block* block) {
  static const c10::Symbol cuda = c10::Symbol::fromQualString("aten::cuda");
  const std::vector<jit::Node*> nodes(block->nodes().begin(), block->nodes().end());
  for (jit::Node* node : nodes) {
    for (jit::Block* inner : node->blocks()) move_to_cpu(inner);
    if (node->kind() == c10::aten::device && node->outputs().size() == 1) {
      name_cpu(node);
    } else if (node->kind() == cuda && node->inputs().size() == 1) {
      copy_to_cpu(node);
    } else if (node->kind() == c10::prim::Constant && node->outputs().size() == 1) {
      const auto value = jit::toIValue(node->output());
      if (value && is_other_device(*value)) name_cpu(node);
    }
  }
}

}  // namespace

void move_to_cpu(jit::Graph& graph) { move_to_cpu(graph.block()); }

void move_to_cpu(const jit::Module& module) {
  for (const jit::Module& inner : module.modules())
    for (size_t i = 0; i < inner._ivalue()->type()->numAttributes(); ++i)
      if (is_other_device(inner._ivalue()->getSlot(i))) inner._ivalue()->setSlot(i, cpu);
}

}  // namespace passerelle::torchscript
