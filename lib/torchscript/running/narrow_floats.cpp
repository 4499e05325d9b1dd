#include "narrow_floats.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <unordered_set>

#include "graphs.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

bool is_narrow(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

/// Looks into containers and into the model's objects, each of them once.
class Search {
 public:
  bool finds_narrow(const c10::IValue& value) {
    if (value.isTensor()) return value.toTensor().defined() && is_narrow(value.toTensor().scalar_type());
    if (value.isTuple()) return finds_any(value.toTupleRef().elements());
    if (value.isTensorList()) return finds_any(value.toListRef());
    if (value.isObject())
      return seen_.insert(value.internalToPointer()).second && finds_any(value.toObjectRef().slots());
    if (!value.isGenericDict()) return false;
    for (const auto& entry : value.toGenericDict())
      if (finds_narrow(entry.value())) return true;
    return false;
  }

 private:
  bool finds_any(c10::ArrayRef<c10::IValue> values) {
    return std::any_of(values.begin(), values.end(), [&](const c10::IValue& value) { return finds_narrow(value); });
  }

  std::unordered_set<const void*> seen_;
};

bool is_dtype_argument(const jit::Use& use) {
  const c10::FunctionSchema* schema = use.user->maybeSchema();
  return schema != nullptr && use.offset < schema->arguments().size() &&
         schema->arguments()[use.offset].name().find("dtype") != std::string::npos;
}

bool is_narrow_constant(const jit::Node* node) {
  const auto value = jit::toIValue(node->output());
  if (!value) return false;
  if (!value->isInt()) return Search().finds_narrow(*value);
  const auto& uses = node->output()->uses();
  return (value->toInt() == static_cast<int64_t>(at::kHalf) || value->toInt() == static_cast<int64_t>(at::kBFloat16)) &&
         std::any_of(uses.begin(), uses.end(), is_dtype_argument);
}

bool has_narrow(jit::Block* block) {
  return std::any_of(block->nodes().begin(), block->nodes().end(), [](jit::Node* node) {
    if (node->kind() == c10::Symbol::fromQualString("aten::_cast_Half")) return true;
    if (node->kind() == c10::prim::Constant && node->outputs().size() == 1 && is_narrow_constant(node)) return true;
    return std::any_of(node->blocks().begin(), node->blocks().end(), has_narrow);
  });
}

}  // namespace

bool may_have_narrow_floats(const jit::Module& module, const Arguments& arguments) {
  for (const FlatInput& input : arguments.inputs)
    if (is_narrow(input.tensor.scalar_type())) return true;
  if (Search().finds_narrow(module._ivalue())) return true;
  bool found = false;
  for_each_graph(module, [&](jit::Graph& graph) { found = found || has_narrow(graph.block()); });
  return found;
}

}  // namespace passerelle::torchscript
