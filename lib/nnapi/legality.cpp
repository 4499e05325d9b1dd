#include "passerelle/nnapi/legality.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "call.h"
#include "signature.h"

namespace passerelle::nnapi {
namespace {

/// How far the operands followed a signature before they left it, and why they did.
struct Mismatch {
  size_t matched = 0;
  std::string reason;
};

std::string a_or_b(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string names_of(TypeSet types) {
  std::vector<std::string> names;
  for (int32_t code = 0; std::optional<OperandType> type = operand_type_from_code(code); ++code)
    if (types.contains(*type)) names.emplace_back(name(*type));
  return a_or_b(names);
}

std::string of(OperationType operation, std::string_view parameter) {
  return std::string(name(operation)) + "'s " + std::string(parameter);
}

/// "SPLIT takes 3 inputs, not 2", of all the signatures.
std::string wrong_count(OperationType operation, bool of_inputs, size_t count) {
  std::set<size_t> possible;
  constexpr size_t longest_list = 64;
  for (const Signature& signature : signatures(operation)) {
    const std::vector<Parameter>& parameters = of_inputs ? signature.inputs : signature.outputs;
    for (size_t n = 1; n <= longest_list; ++n)
      if (!assign(parameters, n).empty()) possible.insert(n);
  }
  std::vector<std::string> counts;
  for (size_t n : possible) counts.push_back(std::to_string(n));
  std::string numbers = possible.count(longest_list) ? "at least " + counts.front() : a_or_b(counts);
  std::string things = std::string(of_inputs ? " input" : " output") + (numbers == "1" ? "" : "s");
  return std::string(name(operation)) + (of_inputs ? " takes " : " gives ") + numbers + things + ", not " +
         std::to_string(count);
}

/// Operands that fit a signature in number and type.
struct Match {
  std::vector<const Parameter*> inputs;
  std::vector<const Parameter*> outputs;
  TypeChoice type;  ///< T
};

/// The operand whose type is T: that of the first parameter that is T alone.
const OperandView* bearer_of_type(const Match& match, Span<const OperandView> inputs, Span<const OperandView> outputs) {
  for (size_t i = 0; i < match.inputs.size(); ++i)
    if (match.inputs[i]->rule == TypeRule::same) return &inputs[i];
  for (size_t i = 0; i < match.outputs.size(); ++i)
    if (match.outputs[i]->rule == TypeRule::same) return &outputs[i];
  return nullptr;
}

std::optional<Mismatch> type_mismatch(const Signature& signature, const std::vector<const Parameter*>& parameters,
                                      Span<const OperandView> operands, OperandType type, size_t matched) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    TypeSet accepted = accepted_types(*parameters[i], type);
    if (accepted.contains(operands[i].type)) continue;
    return Mismatch{matched + i, of(signature.operation, parameters[i]->name) + " must be " + names_of(accepted) +
                                     ", not " + std::string(name(operands[i].type))};
  }
  return std::nullopt;
}

std::optional<Mismatch> count_mismatch(const Signature& signature, const Match& match, size_t inputs, size_t outputs) {
  if (match.inputs.empty()) return Mismatch{0, wrong_count(signature.operation, true, inputs)};
  if (match.outputs.empty()) return Mismatch{1, wrong_count(signature.operation, false, outputs)};
  return std::nullopt;
}

/// Fills in `match`, or says why the operands are not this signature's.
std::optional<Mismatch> follow(const Signature& signature, Span<const OperandView> inputs,
                               Span<const OperandView> outputs, Match& match) {
  match.inputs = assign(signature.inputs, inputs.size());
  match.outputs = assign(signature.outputs, outputs.size());
  if (auto wrong = count_mismatch(signature, match, inputs.size(), outputs.size())) return wrong;

  match.type = {OperandType::TENSOR_FLOAT32, introduced(signature.operation)};  // for IF and WHILE, which have no T
  if (const OperandView* bearer = bearer_of_type(match, inputs, outputs)) {
    auto choice = std::find_if(signature.types.begin(), signature.types.end(),
                               [bearer](const TypeChoice& each) { return each.type == bearer->type; });
    if (choice == signature.types.end())
      return Mismatch{2, std::string(name(signature.operation)) + " takes no " + std::string(name(bearer->type))};
    match.type = *choice;
  }
  if (auto wrong = type_mismatch(signature, match.inputs, inputs, match.type.type, 3)) return wrong;
  return type_mismatch(signature, match.outputs, outputs, match.type.type, 3 + inputs.size());
}

/// What each operand is by itself, and the levels that its type and its place in the list bring.
void check_operands(Call& call, const std::vector<const Parameter*>& parameters, Span<const OperandView> operands) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = *parameters[i];
    const OperandView& operand = operands[i];
    std::string subject = of(call.operation(), parameter.name);
    Legality alone = legality(operand);
    call.require(bool(alone), subject + ": " + alone.reason);
    call.require(parameter.optional || !operand.omitted, subject + " can't be left out");
    call.needs(parameter.level, subject);
    bool by_type = is_tensor(operand.type) && alone.level == introduced(operand.type);
    bool by_rank = is_tensor(operand.type) && !by_type;
    call.needs(alone.level, by_type ? std::string(name(operand.type)) : subject + (by_rank ? " of unknown rank" : ""));
  }
}

/// What a model declares of its results must not contradict what the operands tell.
void check_shapes(Call& call, const std::vector<const Parameter*>& parameters) {
  const Shapes shapes = result_shapes(call);
  for (size_t i = 0; i < std::min(shapes.size(), call.outputs().size()); ++i) {
    const Span<const uint32_t> declared = call.outputs()[i].dimensions;
    const bool unknown = declared.empty() || shapes[i].empty();
    const bool same = unknown || std::equal(declared.begin(), declared.end(), shapes[i].begin(), shapes[i].end(),
                                            [](uint32_t a, uint32_t b) { return !differ(a, b); });
    call.require(same, of(call.operation(), parameters[i]->name) + " must have shape " + shape_text(shapes[i]) +
                           ", not " + shape_text(declared));
  }
}

Legality judge(const Signature& signature, const Match& match, Span<const OperandView> inputs,
               Span<const OperandView> outputs) {
  Call call(signature, match.type.type, inputs, outputs);
  call.needs(match.type.level, std::string(name(signature.operation)) + " of " + std::string(name(match.type.type)));
  check_operands(call, match.inputs, inputs);
  check_operands(call, match.outputs, outputs);
  for (size_t i = 0; i < outputs.size(); ++i)
    call.require(!outputs[i].is_constant, of(signature.operation, match.outputs[i]->name) + " can't be a constant");
  if (call.legality()) check_parameters(call);
  if (call.legality()) check_own_rules(call);  // they rely on ranks and on what can't be left out
  if (call.legality()) check_shapes(call, match.outputs);
  return call.legality();
}

}  // namespace

Legality legality(OperationType type, Span<const OperandView> inputs, Span<const OperandView> outputs) {
  Mismatch nearest;
  for (const Signature& signature : signatures(type)) {
    Match match;
    std::optional<Mismatch> mismatch = follow(signature, inputs, outputs, match);
    if (!mismatch) return judge(signature, match, inputs, outputs);
    if (nearest.reason.empty() || mismatch->matched > nearest.matched) nearest = *mismatch;
  }
  return {0, nearest.reason};
}

std::vector<TypeSupport> supported_types(OperationType type) {
  std::vector<TypeSupport> supported;
  for (const Signature& signature : signatures(type)) {
    for (const TypeChoice& choice : signature.types) {
      bool known = std::any_of(supported.begin(), supported.end(),
                               [&](const TypeSupport& each) { return each.type == choice.type; });
      FeatureLevel level = std::max({introduced(type), introduced(choice.type), choice.level});
      if (!known) supported.push_back({choice.type, level});
    }
  }
  return supported;
}

}  // namespace passerelle::nnapi
