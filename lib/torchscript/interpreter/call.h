// An operator that is about to run, runs, or has run.
#pragma once

#include "interpreter.h"
#include "operator_rules.h"

namespace passerelle::torchscript {

struct Interpreter::Call {
  Node* node;
  const c10::FunctionSchema& schema;
  std::string op;
  std::vector<Slot> inputs;
  std::vector<c10::IValue> arguments{};          ///< the inputs' values, or copies where those must not be written to
  bool makes_tensors = false;                    ///< by its schema
  Dependence dependence = Dependence::constant;  ///< of its results
  Dependence of_numbers = Dependence::constant;  ///< what the numbers and strings among its arguments depend on
  bool is_random = false;
  std::optional<std::string> tensor_overload{};        ///< that takes its numbers from data as tensors
  std::vector<bool> number_as_tensor{};                ///< by argument: which it takes so
  std::vector<std::pair<std::string, Value>> named{};  ///< its arguments in the trace, where a node may be needed
  std::vector<c10::IValue> results{};

  std::string argument_name(size_t index) const {
    return index < schema.arguments().size() ? schema.arguments()[index].name() : std::string();
  }
  /// Nothing where the schema has no argument of that name.
  const c10::IValue* argument(std::string_view name) const {
    for (size_t i = 0; i < schema.arguments().size() && i < arguments.size(); ++i)
      if (schema.arguments()[i].name() == name) return &arguments[i];
    return nullptr;
  }
  bool is_in_place_by_flag() const {
    const c10::IValue* flag = argument(in_place_where_true(op));
    return flag != nullptr && flag->isBool() && flag->toBool();
  }
  bool writes_to(size_t index) const {
    if (index >= schema.arguments().size()) return false;
    if (index == 0 && is_in_place_by_flag()) return true;
    const auto* alias = schema.arguments()[index].alias_info();
    return alias != nullptr && alias->isWrite() && !only_declares_to_write();
  }
  /// A normalisation whose schema has it write to running statistics, and that is not in training mode.
  bool only_declares_to_write() const {
    const StatisticsWrite* write = statistics_write(op);
    const c10::IValue* flag = write != nullptr ? argument(write->flag) : nullptr;
    return flag != nullptr && flag->isBool() && !flag->toBool();
  }
};

}  // namespace passerelle::torchscript
