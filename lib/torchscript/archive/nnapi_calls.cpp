#include "nnapi_calls.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/custom_class.h>

#include <string>
#include <vector>

#include "passerelle/stock/model.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

bool is_compilation(const c10::TypePtr& type) {
  if (const auto optional = type->cast<c10::OptionalType>()) return is_compilation(optional->getElementType());
  const auto known = type->cast<c10::ClassType>();
  return known && known->name() && known->name()->qualifiedName() == nnapi_class;
}

bool is_attribute(const jit::Value* value, const char* name) {
  return value->node()->kind() == c10::prim::GetAttr && value->node()->s(c10::attr::name) == name;
}

bool is_init(const jit::Node& node) {
  if (node.kind() != c10::prim::CallMethod || !is_compilation(node.inputs()[0]->type())) return false;
  const std::string& name = node.s(c10::attr::name);
  return name == "init" || name == "init2";
}

/// What of a node could give the class words that the archive does not hold; empty for nothing.
std::string flaw_in(const jit::Node& node) {
  if (node.kind() == c10::prim::SetAttr && node.s(c10::attr::name) != "comp" &&
      is_compilation(node.inputs()[1]->type()))
    return "keeps NNAPI's compilation in an attribute other than comp";
  if (node.kind() == c10::prim::SetAttr &&
      (node.s(c10::attr::name) == "ser_model" || node.s(c10::attr::name) == "weights"))
    return "changes an NNAPI model";
  for (size_t i = 0; i < node.inputs().size(); ++i) {
    const bool is_model = is_attribute(node.inputs()[i], "ser_model");
    if (!is_model && !is_attribute(node.inputs()[i], "weights")) continue;
    const bool of_part =
        node.inputs()[i]->node()->inputs()[0]->type()->expectRef<c10::ClassType>().findAttribute("comp") != nullptr;
    if (of_part && (!is_init(node) || i != (is_model ? 1u : 2u))) return "uses an NNAPI model for something else";
  }
  if (is_init(node) && (!is_attribute(node.inputs()[1], "ser_model") || !is_attribute(node.inputs()[2], "weights")))
    return "makes an NNAPI model while it runs";
  return {};
}

std::string flaw_in(const jit::Block& block) {
  for (const jit::Node* node : block.nodes()) {
    if (std::string flaw = flaw_in(*node); !flaw.empty()) return flaw;
    for (const jit::Block* inner : node->blocks())
      if (std::string flaw = flaw_in(*inner); !flaw.empty()) return flaw;
  }
  return {};
}

std::string flaw_in_words(const jit::Module& part) {
  const c10::IValue model = part.attr("ser_model"), weights = part.attr("weights");
  if (!model.isTensor() || !model.toTensor().defined() || model.toTensor().scalar_type() != at::kInt ||
      !model.toTensor().is_contiguous() || !weights.isTensorList())
    return "holds an NNAPI model that is no list of words";
  std::vector<uint64_t> sizes;
  for (const at::Tensor& buffer : weights.toTensorVector()) {
    if (!buffer.defined() || !buffer.is_contiguous() || buffer.layout() != at::kStrided)
      return "holds an NNAPI model with weights that are no buffer";
    sizes.push_back(buffer.nbytes());
  }
  const at::Tensor words = model.toTensor();
  const std::string flaw = stock::flaw({words.data_ptr<int32_t>(), static_cast<size_t>(words.numel())}, sizes);
  return flaw.empty() ? flaw : "holds a damaged NNAPI model: " + flaw;
}

/// The archive may hold another tensor on the same bytes, which the module may write to.
void take_apart(jit::Module part) { part.setattr("ser_model", part.attr("ser_model").toTensor().clone()); }

/// The submodules that hold an object of the class.
std::vector<jit::Module> nnapi_parts(const jit::Module& module) {
  std::vector<jit::Module> parts;
  for (const jit::Module& each : module.modules()) {
    const auto type = each.type();
    for (size_t i = 0; i < type->numAttributes(); ++i)
      if (is_compilation(type->getAttribute(i))) parts.push_back(each);
  }
  return parts;
}

}  // namespace

Expected<void> check_nnapi_calls(const jit::Module& module) {
  const auto refuse = [](const std::string& flaw) {
    return Error{ErrorKind::unreadable, flaw + "; make it with passerelle convert --fallback cpu"};
  };
  if (torch::getCustomClass(nnapi_class) == nullptr) return {};
  for (const jit::Function* function : module._ivalue()->compilation_unit()->get_functions())
    if (function->isGraphFunction())
      if (const std::string flaw = flaw_in(*jit::toGraphFunction(*function).graph()->block()); !flaw.empty())
        return refuse(flaw);
  for (const jit::Module& each : module.modules())
    for (const jit::Method& method : each.get_methods())
      if (method.function().isGraphFunction())
        if (const std::string flaw = flaw_in(*jit::toGraphFunction(method.function()).graph()->block()); !flaw.empty())
          return refuse(flaw);
  for (const jit::Module& part : nnapi_parts(module)) {
    if (!part.hasattr("ser_model") || !part.hasattr("weights") || !part.hasattr("comp"))
      return refuse("calls NNAPI in a way of its own");
    if (const std::string flaw = flaw_in_words(part); !flaw.empty()) return refuse(flaw);
    take_apart(part);
  }
  return {};
}

Model::NnapiCalls nnapi_calls_of(const jit::Module& module) {
  Model::NnapiCalls calls;
  for (const jit::Module& part : nnapi_parts(module)) {
    const at::Tensor words = part.attr("ser_model").toTensor();
    const stock::Summary summary = stock::summary({words.data_ptr<int32_t>(), static_cast<size_t>(words.numel())});
    ++calls.parts;
    calls.operations += summary.operations;
    calls.in_integers = calls.in_integers || summary.in_integers;
    for (const at::Tensor& buffer : part.attr("weights").toTensorVector()) calls.weight_bytes += buffer.nbytes();
  }
  return calls;
}

}  // namespace passerelle::torchscript
