#include "model.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "device.h"
#include "validation.h"

namespace passerelle::hostnn {
namespace {

Status check_null_or_sized(const char* what, const void* data, size_t count) {
  if ((data == nullptr) == (count == 0)) return success();
  return bad_data(std::string(what) +
                  (data == nullptr ? " is null but its count is " : " is not null but its count is ") +
                  std::to_string(count));
}

bool is_valid_index(const Graph& graph, int32_t index) { return static_cast<uint32_t>(index) < graph.operands.size(); }

Status no_such_operand(int32_t index) { return bad_data("there is no operand " + std::to_string(index)); }

Status check_indexes(const Graph& graph, const char* what, const uint32_t* indexes, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    if (indexes[i] >= graph.operands.size())
      return bad_data(std::string(what) + " " + std::to_string(i) + " is operand " + std::to_string(indexes[i]) +
                      ", which does not exist");
  }
  return success();
}

Operand make_operand(const ANeuralNetworksOperandType& type) {
  Operand operand;
  operand.type = *nnapi::operand_type_from_code(type.type);
  operand.dimensions.assign(type.dimensions, type.dimensions + type.dimensionCount);
  operand.scale = type.scale;
  operand.zero_point = type.zeroPoint;
  return operand;
}

}  // namespace

Status check_operand_type(const ANeuralNetworksOperandType& type, bool partial) {
  const std::optional<OperandType> code = nnapi::operand_type_from_code(type.type);
  if (!code) return bad_data("there is no operand type " + std::to_string(type.type));
  PASSERELLE_RETURN_IF_FAILED(check_null_or_sized("dimensions", type.dimensions, type.dimensionCount));
  const Operand operand = make_operand(type);
  if (!nnapi::is_tensor(*code) && type.dimensionCount != 0)
    return bad_data(std::string(nnapi::name(*code)) + " is a scalar and takes no dimensions");
  if (exceeds_32_bits(*code, operand.dimensions))
    return bad_data("dimensions " + to_string(operand.dimensions) + " exceed 4 GiB");
  if (!partial && has_unknown_size(operand))
    return bad_data("dimensions " + to_string(operand.dimensions) + " are not fully known");
  const nnapi::Legality legality = nnapi::legality(view(operand));
  // The parameters of a per-channel operand come in a later call.
  if (!legality && *code != OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL) return bad_data(legality.reason);
  return success();
}

Status Model::check_building() const {
  if (state_ == State::finished) return bad_state("the model is finished and can't be changed");
  if (state_ == State::invalid) return bad_state("the model is invalid");
  return success();
}

Status Model::add_operand(const ANeuralNetworksOperandType& type) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  PASSERELLE_RETURN_IF_FAILED(check_operand_type(type, true));
  graph_->operands.push_back(make_operand(type));
  return success();
}

/// What any constant must satisfy before its value is looked at.
Status Model::check_constant(int32_t index, size_t length) const {
  if (!is_valid_index(*graph_, index)) return no_such_operand(index);
  const Operand& operand = graph_->operands[index];
  if (has_unknown_size(operand))
    return bad_data("operand " + std::to_string(index) + " has unknown sizes and can't be constant");
  const uint64_t needed = byte_size(operand.type, operand.dimensions);
  if (needed != length)
    return bad_data("operand " + std::to_string(index) + " needs " + std::to_string(needed) + " bytes, not " +
                    std::to_string(length));
  return success();
}

Status Model::set_value(int32_t index, const void* buffer, size_t length) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  if (!is_valid_index(*graph_, index)) return no_such_operand(index);
  PASSERELLE_RETURN_IF_FAILED(check_null_or_sized("the value", buffer, length));
  Operand& operand = graph_->operands[index];
  if (buffer == nullptr) {
    operand.lifetime = Lifetime::no_value;
    return success();
  }
  PASSERELLE_RETURN_IF_FAILED(check_constant(index, length));
  operand.lifetime = Lifetime::constant;
  operand.mapping = nullptr;
  operand.value = buffer;
  operand.value_size = length;
  if (length <= ANEURALNETWORKS_MAX_SIZE_OF_IMMEDIATELY_COPIED_VALUES) {
    const auto* bytes = static_cast<const unsigned char*>(buffer);
    operand.copy.assign(bytes, bytes + length);
    operand.value = operand.copy.data();
  }
  return success();
}

Status Model::set_value(int32_t index, const Memory& memory, size_t offset, size_t length) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  PASSERELLE_RETURN_IF_FAILED(check_constant(index, length));
  if (memory.from_descriptor()) return bad_data("a memory made from a descriptor can't hold constants");
  PASSERELLE_RETURN_IF_FAILED(memory.check_range(offset, length));
  // Android's runtime keeps offsets in 32 bits, though size_t is passed.
  if (offset > UINT32_MAX) return bad_data("an offset of " + std::to_string(offset) + " exceeds 32 bits");
  Operand& operand = graph_->operands[index];
  operand.lifetime = Lifetime::constant;
  operand.mapping = memory.mapping;
  operand.value = memory.mapping->data() + offset;
  operand.value_size = length;
  return success();
}

Status Model::set_value(int32_t index, const Model& value) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  if (!value.is_finished()) return bad_state("the model given as a value is not finished");
  if (!is_valid_index(*graph_, index)) return no_such_operand(index);
  Operand& operand = graph_->operands[index];
  if (operand.type != OperandType::MODEL) return bad_data("operand " + std::to_string(index) + " is not a MODEL");
  operand.lifetime = Lifetime::referenced_model;
  operand.model = value.graph_;
  return success();
}

Status Model::set_channel_quantization(int32_t index, const ANeuralNetworksSymmPerChannelQuantParams& parameters) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  if (!is_valid_index(*graph_, index)) return no_such_operand(index);
  PASSERELLE_RETURN_IF_FAILED(check_null_or_sized("scales", parameters.scales, parameters.scaleCount));
  Operand candidate = graph_->operands[index];
  if (candidate.type != OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL)
    return bad_data("operand " + std::to_string(index) + " is not TENSOR_QUANT8_SYMM_PER_CHANNEL");
  candidate.channel_dimension = parameters.channelDim;
  candidate.channel_scales.assign(parameters.scales, parameters.scales + parameters.scaleCount);
  if (const nnapi::Legality legality = nnapi::legality(view(candidate)); !legality) return bad_data(legality.reason);
  graph_->operands[index].channel_dimension = candidate.channel_dimension;
  graph_->operands[index].channel_scales = std::move(candidate.channel_scales);
  return success();
}

Status Model::add_operation(int32_t type, uint32_t input_count, const uint32_t* inputs, uint32_t output_count,
                            const uint32_t* outputs) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  const std::optional<OperationType> code = nnapi::operation_type_from_code(type);
  if (!code) return bad_data("there is no operation type " + std::to_string(type));
  PASSERELLE_RETURN_IF_FAILED(check_null_or_sized("inputs", inputs, input_count));
  PASSERELLE_RETURN_IF_FAILED(check_null_or_sized("outputs", outputs, output_count));
  PASSERELLE_RETURN_IF_FAILED(check_indexes(*graph_, "input", inputs, input_count));
  PASSERELLE_RETURN_IF_FAILED(check_indexes(*graph_, "output", outputs, output_count));
  Operation operation{*code, {inputs, inputs + input_count}, {outputs, outputs + output_count}};
  if (const nnapi::Legality legality = hostnn::legality(*graph_, operation); !legality)
    return bad_data(std::string(nnapi::name(*code)) + " is never legal with these operands: " + legality.reason);
  graph_->operations.push_back(std::move(operation));
  return success();
}

/// Makes operands inputs or outputs. None may be constant, or one already.
Status Model::mark(const uint32_t* indexes, uint32_t count, Lifetime lifetime, std::vector<uint32_t>& list) {
  list.assign(indexes, indexes + count);
  for (uint32_t index : list) {
    Operand& operand = graph_->operands[index];
    if (operand.lifetime != Lifetime::temporary)
      return bad_data("operand " + std::to_string(index) + " is constant, or an input or output already");
    operand.lifetime = lifetime;
  }
  return success();
}

Status Model::identify_inputs_and_outputs(uint32_t input_count, const uint32_t* inputs, uint32_t output_count,
                                          const uint32_t* outputs) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  PASSERELLE_RETURN_IF_FAILED(check_null_or_sized("inputs", inputs, input_count));
  PASSERELLE_RETURN_IF_FAILED(check_null_or_sized("outputs", outputs, output_count));
  PASSERELLE_RETURN_IF_FAILED(check_indexes(*graph_, "input", inputs, input_count));
  PASSERELLE_RETURN_IF_FAILED(check_indexes(*graph_, "output", outputs, output_count));
  PASSERELLE_RETURN_IF_FAILED(mark(inputs, input_count, Lifetime::model_input, graph_->inputs));
  return mark(outputs, output_count, Lifetime::model_output, graph_->outputs);
}

Status Model::relax(bool allow) {
  PASSERELLE_RETURN_IF_FAILED(check_building());
  graph_->relaxed = allow;
  return success();
}

Status Model::finish() {
  if (state_ == State::finished) return bad_state("the model is finished already");
  if (state_ == State::invalid) return bad_state("the model is invalid");
  Status status = order_operations(*graph_);
  if (status.ok()) status = validate(*graph_, claimed_feature_level());
  state_ = status.ok() ? State::finished : State::invalid;
  return status;
}

}  // namespace passerelle::hostnn
