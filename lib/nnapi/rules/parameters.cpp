// The rules that signatures.def states in its rows: ranks, ranges of scalars, scales and zero points.
#include <limits>
#include <string>

#include "../call.h"

namespace passerelle::nnapi {
namespace {

std::string subject(const Call& call, const Parameter& parameter) {
  return std::string(name(call.operation())) + "'s " + std::string(parameter.name);
}

std::string allowed_ranks(const Parameter& parameter) {
  constexpr size_t unbounded = std::numeric_limits<size_t>::max();
  if (parameter.lowest_rank == parameter.highest_rank) return std::to_string(parameter.lowest_rank);
  if (parameter.highest_rank == unbounded) return "at least " + std::to_string(parameter.lowest_rank);
  if (parameter.lowest_rank == 0) return "at most " + std::to_string(parameter.highest_rank);
  return std::to_string(parameter.lowest_rank) + " to " + std::to_string(parameter.highest_rank);
}

void check_rank(Call& call, const Parameter& parameter, const OperandView& operand) {
  if (!has_rank(operand)) return;
  size_t rank = operand.dimensions.size();
  call.require(
      rank >= parameter.lowest_rank && rank <= parameter.highest_rank,
      subject(call, parameter) + " of rank " + std::to_string(rank) + ": the rank must be " + allowed_ranks(parameter));
}

void check_range(Call& call, const Parameter& parameter, const OperandView& operand) {
  std::optional<int32_t> value = integer_value(operand);
  if (!value) return;
  std::string is = subject(call, parameter) + " is " + std::to_string(*value);
  constexpr int32_t last_fused_activation = 3;
  switch (parameter.rule) {
    case TypeRule::natural: call.require(*value >= 0, is + " and can't be negative"); break;
    case TypeRule::positive: call.require(*value > 0, is + " and must be greater than 0"); break;
    case TypeRule::fuse:
      call.require(*value >= 0 && *value <= last_fused_activation, is + " and must be a fused activation, 0 to 3");
      break;
    default: break;
  }
}

std::string quantization_text(float scale, int32_t zero_point) {
  std::string fraction =
      scale > 0 && scale < 1 ? "1/" + std::to_string(static_cast<int>(1 / scale + 0.5f)) : std::to_string(scale);
  return "scale " + fraction + " and zero point " + std::to_string(zero_point);
}

void check_quantization(Call& call, const Parameter& parameter, const OperandView& operand) {
  if (!is_quantized(operand.type)) return;
  if (parameter.fixed_scale != 0) {
    const AffineQuantization fixed = fixed_quantization(parameter, operand.type);
    call.require(operand.scale == fixed.scale && operand.zero_point == fixed.zero_point,
                 subject(call, parameter) + " must have " + quantization_text(fixed.scale, fixed.zero_point));
  }
  if (parameter.quantized_like.empty()) return;
  const OperandView* other = call.input(parameter.quantized_like);
  if (!other) return;
  call.require(
      operand.scale == other->scale && operand.zero_point == other->zero_point,
      subject(call, parameter) + " must have the scale and zero point of its " + std::string(parameter.quantized_like));
}

void check_all(Call& call, const std::vector<const Parameter*>& parameters, Span<const OperandView> operands) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (operands[i].omitted) continue;
    check_rank(call, *parameters[i], operands[i]);
    check_range(call, *parameters[i], operands[i]);
    check_quantization(call, *parameters[i], operands[i]);
  }
}

}  // namespace

void check_parameters(Call& call) {
  check_all(call, assign(call.signature().inputs, call.inputs().size()), call.inputs());
  check_all(call, assign(call.signature().outputs, call.outputs().size()), call.outputs());
}

}  // namespace passerelle::nnapi
