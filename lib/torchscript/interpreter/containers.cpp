// Constants, lists, tuples, dicts, objects and their attributes.
#include <torch/csrc/jit/ir/constants.h>

#include "failures.h"
#include "interpreter.h"
#include "passerelle/support/check.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;
using c10::IValue;

namespace {

bool any_unknown(const std::vector<Slot>& slots) {
  for (const Slot& slot : slots)
    if (slot.unknown) return true;
  return false;
}

/// Lists and dicts can change: the model's own are copied, with the tensors in them shared.
IValue copy_containers(const IValue& value) {
  if (value.isList()) {
    const c10::List<IValue> list = value.toList();
    c10::impl::GenericList copy(list.elementType());
    for (const IValue& element : value.toListRef()) copy.push_back(copy_containers(element));
    return copy;
  }
  if (value.isGenericDict()) {
    const c10::impl::GenericDict dict = value.toGenericDict();
    c10::impl::GenericDict copy(dict.keyType(), dict.valueType());
    for (const auto& entry : dict) copy.insert(entry.key(), copy_containers(entry.value()));
    return copy;
  }
  return value;
}

}  // namespace

void Interpreter::run_constant(Node* node) {
  const c10::optional<IValue> value = jit::toIValue(node->output());
  // A function is a constant too; CallFunction finds it by its type.
  if (!value) return set(node->output(), {});
  register_model_value(*value);
  set(node->output(), {*value});
}

void Interpreter::run_list_construct(Node* node) {
  const std::vector<Slot> elements = inputs_of(node);
  if (any_unknown(elements)) return set_unknown(node);
  const auto type = node->output()->type()->expect<c10::ListType>();
  c10::impl::GenericList list(type->getElementType());
  list.reserve(elements.size());
  Dependence joined = Dependence::constant;
  for (const Slot& element : elements) {
    list.push_back(element.value);
    joined = join(joined, scalar_dependence(element.value, element.dependence));
  }
  Slot result{IValue(list)};
  spend_on_making(result.value);
  check_nesting(result.value);
  set_container_dependence(result.value, joined);
  set(node->output(), std::move(result));
}

void Interpreter::run_tuple_construct(Node* node) {
  const std::vector<Slot> slots = inputs_of(node);
  if (any_unknown(slots)) return set_unknown(node);
  std::vector<IValue> elements;
  Dependence joined = Dependence::constant;
  for (const Slot& element : slots) {
    elements.push_back(element.value);
    joined = join(joined, scalar_dependence(element.value, element.dependence));
  }
  const auto type = node->output()->type()->expect<c10::TupleType>();
  Slot result{type->name() ? IValue(c10::ivalue::Tuple::createNamed(std::move(elements), type))
                           : IValue(c10::ivalue::Tuple::create(std::move(elements)))};
  spend_on_making(result.value);
  check_nesting(result.value);
  set_container_dependence(result.value, joined);
  set(node->output(), std::move(result));
}

void Interpreter::run_dict_construct(Node* node) {
  const std::vector<Slot> slots = inputs_of(node);
  if (any_unknown(slots)) return set_unknown(node);
  const auto type = node->output()->type()->expect<c10::DictType>();
  c10::impl::GenericDict dict(type->getKeyType(), type->getValueType());
  Dependence joined = Dependence::constant;
  for (size_t i = 0; i + 1 < slots.size(); i += 2) {
    dict.insert_or_assign(slots[i].value, slots[i + 1].value);
    for (size_t j : {i, i + 1}) joined = join(joined, scalar_dependence(slots[j].value, slots[j].dependence));
  }
  Slot result{IValue(dict)};
  spend_on_making(result.value);
  check_nesting(result.value);
  set_container_dependence(result.value, joined);
  set(node->output(), std::move(result));
}

void Interpreter::run_list_unpack(Node* node) {
  const Slot list = slot(node->input());
  if (list.unknown) return set_unknown(node);
  const auto elements = list.value.toListRef();
  if (elements.size() != node->outputs().size())
    fail("a list of " + std::to_string(elements.size()) + " is taken apart into " +
         std::to_string(node->outputs().size()));
  const Dependence of_numbers = scalar_dependence(list.value, list.dependence);
  for (size_t i = 0; i < elements.size(); ++i) set(node->outputs()[i], {elements[i], of_numbers});
}

void Interpreter::run_tuple_unpack(Node* node) {
  const Slot tuple = slot(node->input());
  if (tuple.unknown) return set_unknown(node);
  const auto& elements = tuple.value.toTupleRef().elements();
  check(elements.size() == node->outputs().size(), "a tuple is taken apart into as many values");
  const Dependence of_numbers = scalar_dependence(tuple.value, tuple.dependence);
  for (size_t i = 0; i < elements.size(); ++i) set(node->outputs()[i], {elements[i], of_numbers});
}

void Interpreter::run_tuple_slice(Node* node) {
  const Slot tuple = slot(node->input());
  if (tuple.unknown) return set_unknown(node);
  const auto& elements = tuple.value.toTupleRef().elements();
  std::vector<IValue> part;
  const auto end = static_cast<size_t>(node->i(c10::attr::end));
  for (auto i = static_cast<size_t>(node->i(c10::attr::beg)); i < end; ++i) part.push_back(elements[i]);
  Slot result{IValue(c10::ivalue::Tuple::create(std::move(part)))};
  set_container_dependence(result.value, scalar_dependence(tuple.value, tuple.dependence));
  set(node->output(), std::move(result));
}

void Interpreter::run_create_object(Node* node) {
  const auto type = node->output()->type()->expect<c10::ClassType>();
  const size_t count = type->numAttributes();
  Slot result{IValue(c10::ivalue::Object::create(c10::StrongTypePtr(type->compilation_unit(), type), count))};
  set_container_dependence(result.value, Dependence::constant);
  set(node->output(), std::move(result));
}

void Interpreter::run_get_attribute(Node* node) {
  const Slot owner = slot(node->input());
  if (owner.unknown) return set_unknown(node);
  const auto object = owner.value.toObject();
  const size_t index = object->type()->getAttributeSlot(node->s(c10::attr::name));
  if (module_paths_.count(object.get()) == 0)
    return set(node->output(), {object->getSlot(index), scalar_dependence(owner.value, owner.dependence)});
  const auto place = attributes_.find({object.get(), index});
  if (place != attributes_.end()) return set(node->output(), place->second);
  read_attributes_.insert({object.get(), index});
  check_nesting(object->getSlot(index));
  const Slot result{copy_containers(object->getSlot(index))};
  register_model_value(result.value);
  if (result.value.isList() || result.value.isGenericDict()) {
    model_containers_.emplace(result.value.internalToPointer(), result.value);
    attributes_[{object.get(), index}] = result;
  }
  set(node->output(), result);
}

void Interpreter::run_set_attribute(Node* node) {
  const Slot owner = slot(node->inputs()[0]);
  const Slot value = slot(node->inputs()[1]);
  if (owner.unknown) return;
  const auto object = owner.value.toObject();
  const std::string& name = node->s(c10::attr::name);
  const size_t index = object->type()->getAttributeSlot(name);
  require_made_here(owner.value, "an attribute of an object");
  if (module_paths_.count(object.get()) == 0) {
    if (value.unknown) throw TraceStopped{};
    object->setSlot(index, value.value);
    return set_container_dependence(owner.value, join(scalar_dependence(owner.value, owner.dependence),
                                                      scalar_dependence(value.value, value.dependence)));
  }
  // What is set each time before it is read is no state, just an odd place for a variable.
  if (read_attributes_.count({object.get(), index}) != 0)
    diagnose(graph::Reason::state, "the model changes its own attribute '" + name + "' when it runs",
             "take the old value as an input and return the new one as an output");
  attributes_[{object.get(), index}] = value;
}

void Interpreter::run_isinstance(Node* node) {
  const Slot value = slot(node->input());
  if (value.unknown) return set_unknown(node);
  const c10::TypePtr type = value.value.type<c10::Type>();
  bool is_one = false;
  for (const c10::TypePtr& candidate : node->tys(c10::attr::types)) is_one = is_one || type->isSubtypeOf(*candidate);
  set(node->output(), {is_one});
}

void Interpreter::run_pass_through(Node* node) { set(node->output(), slot(node->input())); }

void Interpreter::run_uninitialized(Node* node) {
  Slot nothing;
  nothing.uninitialized = true;
  set(node->output(), std::move(nothing));
}

}  // namespace passerelle::torchscript
