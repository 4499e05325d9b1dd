// What values depend on, containers included.
#include "failures.h"
#include "interpreter.h"

namespace passerelle::torchscript {

namespace {

bool is_container(const c10::IValue& value) {
  return value.isList() || value.isTuple() || value.isGenericDict() || value.isObject();
}

/// Calls `visit` for each element of a list, tuple or dict (keys and values). Objects are not entered.
template <typename Visit>
void for_each_element(const c10::IValue& value, const Visit& visit) {
  if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) visit(element);
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) visit(element);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      visit(entry.key());
      visit(entry.value());
    }
  }
}

/// Lists of numbers and strings are many and long: their elements can't be tensors, so nobody has to look.
bool may_hold_tensors(const c10::IValue& value) {
  return !(value.isIntList() || value.isDoubleList() || value.isBoolList());
}

constexpr size_t most_elements = 1'000'000;
constexpr size_t deepest_nesting = 64;

/// False where there are more elements than `left`, or they are nested deeper than anybody means; a list may hold
/// itself.
bool is_reasonable(const c10::IValue& value, size_t depth, size_t& left) {
  if (!is_container(value) || !may_hold_tensors(value)) return true;
  if (depth == 0) return false;
  bool reasonable = true;
  for_each_element(value, [&](const c10::IValue& element) {
    reasonable = reasonable && left > 0 && is_reasonable(element, depth - 1, left);
    if (left > 0) --left;
  });
  return reasonable;
}

}  // namespace

void Interpreter::check_nesting(const c10::IValue& value) {
  size_t left = most_elements;
  const bool reasonable = is_reasonable(value, deepest_nesting, left);
  spend_on_elements(most_elements - left);
  if (reasonable) return;
  diagnose(graph::Reason::too_large, "its lists, tuples or dicts are nested more than " +
                                         std::to_string(deepest_nesting) + " deep, or have more than " +
                                         std::to_string(most_elements) + " elements");
  throw TraceStopped{};
}

Dependence Interpreter::dependence(const Slot& slot) { return dependence(slot.value, slot.dependence); }

Dependence Interpreter::dependence(const c10::IValue& value, Dependence otherwise) {
  if (value.isTensor())
    return value.toTensor().defined() ? tracker_.dependence(value.toTensor()) : Dependence::constant;
  if (!is_container(value)) return otherwise;
  const auto known = containers_.find(value.internalToPointer());
  Dependence result = known == containers_.end() ? Dependence::constant : known->second;
  if (may_hold_tensors(value))
    for_each_element(value, [&](const c10::IValue& element) {
      if (result != Dependence::data) result = join(result, dependence(element, Dependence::constant));
    });
  return result;
}

Dependence Interpreter::scalar_dependence(const c10::IValue& value, Dependence otherwise) const {
  if (value.isTensor()) return Dependence::constant;
  if (!is_container(value)) return otherwise;
  const auto known = containers_.find(value.internalToPointer());
  Dependence result = known == containers_.end() ? Dependence::constant : known->second;
  if (may_hold_tensors(value))
    for_each_element(value, [&](const c10::IValue& element) {
      if (is_container(element)) result = join(result, scalar_dependence(element, Dependence::constant));
    });
  return result;
}

void Interpreter::set_container_dependence(const c10::IValue& value, Dependence dependence) {
  if (!is_container(value)) return;
  if (open_regions_ > 0) made_in_region_.insert(value.internalToPointer());
  containers_[value.internalToPointer()] = dependence;
  if (!value.isObject() && may_hold_tensors(value))
    for_each_element(value, [&](const c10::IValue& element) {
      if (is_container(element) && containers_.count(element.internalToPointer()) == 0)
        set_container_dependence(element, dependence);
    });
}

void Interpreter::register_model_value(const c10::IValue& value) {
  if (value.isTensor()) {
    if (value.toTensor().defined()) tracker_.add_model_tensor(value.toTensor());
    return;
  }
  if (is_container(value)) containers_.emplace(value.internalToPointer(), Dependence::constant);
  if (may_hold_tensors(value))
    for_each_element(value, [&](const c10::IValue& element) { register_model_value(element); });
}

}  // namespace passerelle::torchscript
