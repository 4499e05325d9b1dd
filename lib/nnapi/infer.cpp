#include "passerelle/nnapi/infer.h"

#include <algorithm>

#include "call.h"
#include "signature.h"

namespace passerelle::nnapi {
namespace {

/// A parameter takes tensors whatever their type, scalars of its own type only: it is scalars that tell forms apart.
bool takes(const Parameter& parameter, const OperandView& operand) {
  if (operand.omitted) return parameter.optional;
  switch (parameter.rule) {
    case TypeRule::any: return true;
    case TypeRule::real: return operand.type == OperandType::FLOAT32 || operand.type == OperandType::FLOAT16;
    case TypeRule::value:
      return operand.type == OperandType::FLOAT32 || operand.type == OperandType::FLOAT16 ||
             operand.type == OperandType::INT32;
    default: break;
  }
  const TypeSet accepted = accepted_types(parameter, OperandType::TENSOR_FLOAT32);
  return is_tensor(operand.type) ? !accepted.contains(OperandType::INT32) && !accepted.contains(OperandType::BOOL) &&
                                       !accepted.contains(OperandType::MODEL)
                                 : accepted.contains(operand.type);
}

bool fits(const std::vector<Parameter>& parameters, Span<const OperandView> operands) {
  const std::vector<const Parameter*> assigned = assign(parameters, operands.size());
  if (assigned.empty()) return false;
  for (size_t i = 0; i < operands.size(); ++i)
    if (!takes(*assigned[i], operands[i])) return false;
  return true;
}

/// T: the type of the operand that has it, or of the number that a tensor is filled with.
std::optional<OperandType> element_type(const Signature& signature, Span<const OperandView> inputs) {
  const std::vector<const Parameter*> assigned = assign(signature.inputs, inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (assigned[i]->rule == TypeRule::same && !inputs[i].omitted) return inputs[i].type;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (assigned[i]->rule != TypeRule::value) continue;
    switch (inputs[i].type) {
      case OperandType::FLOAT16: return OperandType::TENSOR_FLOAT16;
      case OperandType::INT32: return OperandType::TENSOR_INT32;
      default: return OperandType::TENSOR_FLOAT32;
    }
  }
  return std::nullopt;
}

std::optional<OperandType> only_type(TypeSet types) {
  std::optional<OperandType> found;
  for (int32_t code = 0; std::optional<OperandType> type = operand_type_from_code(code); ++code) {
    if (!types.contains(*type)) continue;
    if (found) return std::nullopt;
    found = type;
  }
  return found;
}

std::optional<AffineQuantization> quantization(const Call& call, const Parameter& result, OperandType type) {
  if (!is_quantized(type)) return std::nullopt;
  if (result.fixed_scale != 0) return fixed_quantization(result, type);
  if (result.quantized_like.empty()) return std::nullopt;
  const OperandView* like = call.input(result.quantized_like);
  return like ? std::optional<AffineQuantization>({like->scale, like->zero_point}) : std::nullopt;
}

/// What IF and WHILE give is what their models do.
std::optional<OperandView> from_model(const Call& call, size_t result) {
  for (const char* name : {"then_model", "body_model"})
    if (const OperandView* operand = call.input(name); operand && operand->model)
      return operand->model->outputs[result];
  return std::nullopt;
}

ResultType result_type(const Call& call, std::optional<OperandType> element, const Parameter& parameter,
                       Sizes dimensions, size_t index) {
  ResultType result;
  result.dimensions = std::move(dimensions);
  if (parameter.rule == TypeRule::any) {
    const std::optional<OperandView> output = from_model(call, index);
    if (output) result.type = output->type;
    if (output && is_quantized(output->type)) result.quantization = {output->scale, output->zero_point};
    return result;
  }
  if (parameter.rule == TypeRule::listed)
    result.type = only_type(parameter.listed);
  else if (element)
    result.type = only_type(accepted_types(parameter, *element));
  if (result.type) result.quantization = quantization(call, parameter, *result.type);
  return result;
}

Error contradiction(const std::string& reason) { return {ErrorKind::unsupported, reason}; }

}  // namespace

Expected<std::vector<ResultType>> infer(OperationType type, Span<const OperandView> inputs) {
  const Span<const Signature> forms = signatures(type);
  const auto form =
      std::find_if(forms.begin(), forms.end(), [&](const Signature& each) { return fits(each.inputs, inputs); });
  if (form == forms.end()) return contradiction("no form of " + std::string(name(type)) + " takes these operands");
  const std::optional<OperandType> element = element_type(*form, inputs);
  Call call(*form, element.value_or(OperandType::TENSOR_FLOAT32), inputs, {});
  Shapes shapes = result_shapes(call);
  if (!call.legality()) return contradiction(call.legality().reason);

  std::vector<ResultType> results;
  // Forms of the same operands differ in how many results they have.
  std::vector<const Parameter*> parameters;
  for (auto each = form; each != forms.end() && parameters.empty(); ++each)
    if (fits(each->inputs, inputs)) parameters = assign(each->outputs, shapes.size());
  for (size_t i = 0; i < parameters.size(); ++i)
    results.push_back(result_type(call, element, *parameters[i], std::move(shapes[i]), i));
  return results;
}

}  // namespace passerelle::nnapi
