#include "module_builder.h"

#include "running/tensor_conversion.h"
#include "running/trace_values.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;

namespace {

/// "__torch__.net.Net" in a compilation unit of its own.
jit::Module module_like(const jit::Module& original, const std::shared_ptr<jit::CompilationUnit>& unit) {
  jit::Module module(*original.type()->name(), unit, true);
  module.register_attribute("training", c10::BoolType::get(), false);
  return module;
}

}  // namespace

ModuleBuilder::ModuleBuilder(const jit::Module& original)
    : original_(original), root_(module_like(original, std::make_shared<jit::CompilationUnit>())) {
  remember(original, {});
}

void ModuleBuilder::remember(const jit::Module& module, const Path& path) {
  const auto type = module.type();
  for (size_t i = 0; i < type->numAttributes(); ++i) {
    const c10::IValue value = module._ivalue()->getSlot(i);
    Path place = path;
    place.push_back(type->getAttributeName(i));
    if (value.isTensor()) {
      const auto view = constant_view(value.toTensor());
      if (view && view->is_contiguous())
        known_.emplace(Key{view->data(), view->type(), view->shape()},
                       Known{place, value.toTensor(), type->is_parameter(i)});
    } else if (value.isModule()) {
      remember(value.toModule(), place);
    }
  }
}

void ModuleBuilder::put(const Known& known) {
  jit::Module from = original_, to = root_;
  for (size_t i = 0; i + 1 < known.path.size(); ++i) {
    from = from.attr(known.path[i]).toModule();
    if (!to.hasattr(known.path[i]))
      to.register_module(known.path[i], module_like(from, root_._ivalue()->compilation_unit()));
    to = to.attr(known.path[i]).toModule();
  }
  if (!to.hasattr(known.path.back()))
    to.register_parameter(known.path.back(), known.tensor.detach(), !known.is_parameter);
}

std::string ModuleBuilder::free_name(const std::string& wanted) const {
  std::string name = wanted;
  while (original_.hasattr(name) || root_.hasattr(name)) name += "_";
  return name;
}

std::vector<std::string> ModuleBuilder::place_of(TensorId id, const Tensor& tensor) {
  const auto placed = constants_.find(id);
  if (placed != constants_.end()) return placed->second;
  if (tensor.constant && tensor.constant->is_contiguous()) {
    const auto known = known_.find(Key{tensor.constant->data(), tensor.constant->type(), tensor.constant->shape()});
    if (known != known_.end()) {
      put(known->second);
      return constants_[id] = known->second.path;
    }
  }
  const std::string name = free_name("constant_" + std::to_string(static_cast<uint32_t>(id)));
  root_.register_buffer(name, constant_tensor(tensor));
  return constants_[id] = {name};
}

std::vector<std::string> ModuleBuilder::place_of(const Value* key, const c10::IValue& packed) {
  const auto placed = packed_.find(key);
  if (placed != packed_.end()) return placed->second;
  const std::string name = free_name("packed_" + std::to_string(packed_.size()));
  root_.register_attribute(name, packed.type(), packed);
  return packed_[key] = {name};
}

jit::Module ModuleBuilder::add_part(size_t number) {
  jit::Module part(c10::QualifiedName("__torch__.passerelle.NnapiPart"), root_._ivalue()->compilation_unit(), true);
  parts_[number] = free_name("nnapi_part_" + std::to_string(number));
  root_.register_module(parts_[number], part);
  return part;
}

}  // namespace passerelle::torchscript
