#include "reachable_operators.h"

#include <torch/csrc/jit/api/function_impl.h>

#include <unordered_set>

#include "foreign/operators.h"
#include "interpreter/allowed_operators.h"
#include "interpreter/operator_rules.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

/// The tracer knows no nested tensors. But torch.nn.TransformerEncoder, scripted, holds a branch that makes them, taken
/// only where a padding mask is given; LibTorch may run these operators: they check what they are given.
const std::unordered_set<std::string> nested_tensors = {"aten::_nested_tensor_from_mask",
                                                        "aten::_nested_tensor_from_mask_left_aligned",
                                                        "aten::to_padded_tensor", "aten::nested_to_padded_tensor"};

class Search {
 public:
  explicit Search(const jit::Module& module) : module_(module) {}

  std::optional<std::string> in(jit::Function& function) {
    jit::GraphFunction* graph_function = jit::tryToGraphFunction(function);
    // What is no graph is a method of a C++ class, of those that LibTorch brings.
    if (graph_function == nullptr || !visited_.insert(graph_function).second) return std::nullopt;
    return in(*graph_function->graph()->block());
  }

 private:
  std::optional<std::string> in(const jit::Block& block) {
    for (const jit::Node* node : block.nodes()) {
      if (auto found = in(*node)) return found;
      for (const jit::Block* inner : node->blocks())
        if (auto found = in(*inner)) return found;
    }
    return std::nullopt;
  }

  std::optional<std::string> in(const jit::Node& node) {
    if (node.hasAttribute(c10::attr::Subgraph)) return in(*node.g(c10::attr::Subgraph)->block());
    if (node.kind() == c10::prim::CallFunction)
      return in(*node.inputs()[0]->type()->expect<c10::FunctionType>()->function());
    if (node.kind() == c10::prim::CallMethod) return in_method(node);
    const std::string op = node.kind().toQualString();
    const jit::Operator* known = node.maybeOperator();
    const bool harmless = node.kind().is_prim() || known == nullptr || is_allowed(op) || is_ignored(op) ||
                          makes_nested_tensors(op) || op == "aten::wait" ||
                          is_foreign(op, known->schema().overload_name());
    return harmless ? std::nullopt : std::optional(op);
  }

  std::optional<std::string> in_method(const jit::Node& node) {
    const std::string& name = node.s(c10::attr::name);
    const c10::TypePtr type = node.inputs()[0]->type();
    if (const auto known_class = type->cast<c10::ClassType>()) {
      jit::Function* method = known_class->findMethod(name);
      return method == nullptr ? std::nullopt : in(*method);
    }
    // Through an interface: any module that has such a method may be meant.
    for (const jit::Module& candidate : module_.modules())
      if (jit::Function* method = candidate.type()->findMethod(name))
        if (auto found = in(*method)) return found;
    return std::nullopt;
  }

  const jit::Module& module_;
  std::unordered_set<const jit::Function*> visited_;
};

}  // namespace

bool makes_nested_tensors(const std::string& op) { return nested_tensors.count(op) != 0; }

std::optional<std::string> find_forbidden_operator(const jit::Module& module) {
  return Search(module).in(module.get_method("forward").function());
}

}  // namespace passerelle::torchscript
