#include "build.h"

#include <vector>

#include "failure.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

class Builder {
 public:
  Builder(const BuiltModel& target, const blob::SubgraphView& view, ANeuralNetworksModel* model,
          passerelle_error* error)
      : view_(view),
        functions_(target.library->functions),
        library_(*target.library),
        weights_(target.weights),
        referenced_(target.referenced),
        model_(model),
        error_(error) {}

  passerelle_status build(bool relax_fp16) {
    passerelle_status status = add_operands();
    if (status == PASSERELLE_OK) status = add_operations();
    return status == PASSERELLE_OK ? finish(relax_fp16) : status;
  }

 private:
  passerelle_status add_operands() {
    for (uint32_t index = 0; index < view_.operand_count(); ++index) {
      const passerelle_status status = add_operand(index, view_.operand(index));
      if (status != PASSERELLE_OK) return status;
    }
    return PASSERELLE_OK;
  }

  passerelle_status add_operations() {
    std::vector<uint32_t> inputs, outputs;
    for (uint32_t index = 0; index < view_.operation_count(); ++index) {
      const blob::Operation operation = view_.operation(index);
      copy(operation.inputs, inputs);
      copy(operation.outputs, outputs);
      const int result = functions_.ANeuralNetworksModel_addOperation(model_, static_cast<int32_t>(operation.type),
                                                                      operation.inputs.size(), inputs.data(),
                                                                      operation.outputs.size(), outputs.data());
      if (result != ANEURALNETWORKS_NO_ERROR)
        return fail_in_nnapi(error_, "ANeuralNetworksModel_addOperation", result, operation_name(view_, index));
    }
    return PASSERELLE_OK;
  }

  passerelle_status finish(bool relax_fp16) {
    std::vector<uint32_t> inputs, outputs;
    for (uint32_t i = 0; i < view_.input_count(); ++i) inputs.push_back(view_.input(i));
    for (uint32_t i = 0; i < view_.output_count(); ++i) outputs.push_back(view_.output(i));
    int result = functions_.ANeuralNetworksModel_identifyInputsAndOutputs(model_, view_.input_count(), inputs.data(),
                                                                          view_.output_count(), outputs.data());
    if (result != ANEURALNETWORKS_NO_ERROR)
      return fail_in_nnapi(error_, "ANeuralNetworksModel_identifyInputsAndOutputs", result, {});
    if (relax_fp16 && functions_.ANeuralNetworksModel_relaxComputationFloat32toFloat16) {
      result = functions_.ANeuralNetworksModel_relaxComputationFloat32toFloat16(model_, true);
      if (result != ANEURALNETWORKS_NO_ERROR)
        return fail_in_nnapi(error_, "ANeuralNetworksModel_relaxComputationFloat32toFloat16", result, {});
    }
    result = functions_.ANeuralNetworksModel_finish(model_);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return fail_in_nnapi(error_, "ANeuralNetworksModel_finish", result, text({library_.name, " refuses the model"}));
    return PASSERELLE_OK;
  }

  static void copy(const blob::Indexes& indexes, std::vector<uint32_t>& out) {
    out.clear();
    for (uint32_t i = 0; i < indexes.size(); ++i) out.push_back(indexes[i]);
  }

  passerelle_status add_operand(uint32_t index, const blob::Operand& operand) {
    const ANeuralNetworksOperandType type{
        static_cast<int32_t>(operand.type), static_cast<uint32_t>(operand.dimensions.size()),
        operand.dimensions.empty() ? nullptr : operand.dimensions.data(), operand.scale, operand.zero_point};
    const int result = functions_.ANeuralNetworksModel_addOperand(model_, &type);
    if (result != ANEURALNETWORKS_NO_ERROR) return failed("ANeuralNetworksModel_addOperand", result, index);
    if (!operand.channel_scales.empty()) {
      const passerelle_status status = set_channels(index, operand);
      if (status != PASSERELLE_OK) return status;
    }
    return set_value(index, operand);
  }

  passerelle_status set_channels(uint32_t index, const blob::Operand& operand) {
    if (!functions_.ANeuralNetworksModel_setOperandSymmPerChannelQuantParams)
      return fail(
          error_, PASSERELLE_NNAPI_TOO_OLD,
          text({"the model has weights quantized per channel, and ", library_.name, " lacks the function for them"}));
    const ANeuralNetworksSymmPerChannelQuantParams channels{
        operand.channel_dimension, static_cast<uint32_t>(operand.channel_scales.size()), operand.channel_scales.data()};
    const int result = functions_.ANeuralNetworksModel_setOperandSymmPerChannelQuantParams(
        model_, static_cast<int32_t>(index), &channels);
    if (result == ANEURALNETWORKS_NO_ERROR) return PASSERELLE_OK;
    return failed("ANeuralNetworksModel_setOperandSymmPerChannelQuantParams", result, index);
  }

  passerelle_status set_value(uint32_t index, const blob::Operand& operand) {
    const char* function = "ANeuralNetworksModel_setOperandValue";
    int result = ANEURALNETWORKS_NO_ERROR;
    switch (operand.storage) {
      case blob::Storage::computed: return PASSERELLE_OK;
      case blob::Storage::scalar:
      case blob::Storage::value:
      case blob::Storage::omitted:  // NULL and 0: no value
        result = functions_.ANeuralNetworksModel_setOperandValue(model_, static_cast<int32_t>(index), operand.value,
                                                                 static_cast<size_t>(operand.byte_size));
        break;
      case blob::Storage::subgraph:
        function = "ANeuralNetworksModel_setOperandValueFromModel";
        result = functions_.ANeuralNetworksModel_setOperandValueFromModel(model_, static_cast<int32_t>(index),
                                                                          referenced_[operand.subgraph - 1].get());
        break;
      case blob::Storage::window: result = weights_.set_value(model_, index, operand, &function); break;
    }
    return result == ANEURALNETWORKS_NO_ERROR ? PASSERELLE_OK : failed(function, result, index);
  }

  passerelle_status failed(const char* function, int result, uint32_t operand) {
    return fail_in_nnapi(error_, function, result,
                         text({"operand ", operand, " of type ", static_cast<int32_t>(view_.operand(operand).type)}));
  }

  const blob::SubgraphView view_;
  const Functions& functions_;
  const Library& library_;
  const Weights& weights_;
  const std::vector<NativeModel>& referenced_;
  ANeuralNetworksModel* model_;
  passerelle_error* error_;
};

}  // namespace

std::string operation_name(const blob::SubgraphView& view, uint32_t index) {
  const blob::Origin origin = view.origin(index);
  std::string name = text({"operation ", index, " (", view.operation(index).name});
  if (origin.op[0]) name += std::string(", from ") + origin.op;
  if (origin.module_path[0]) name += std::string(" of ") + origin.module_path;
  if (origin.user_file[0]) name += std::string(", ") + origin.user_file + ":" + std::to_string(origin.user_line);
  return name + ")";
}

passerelle_status build_model(BuiltModel& target, bool relax_fp16, passerelle_error* error) {
  const blob::View& view = target.file->view();
  const Functions& functions = target.library->functions;
  if (view.has_control_flow() && !functions.ANeuralNetworksModel_setOperandValueFromModel)
    return fail(error, PASSERELLE_NNAPI_TOO_OLD,
                text({"the model has branches or loops, which NNAPI has from ", level_name(4), ", and ",
                      target.library->name, " has ", level_name(target.library->feature_level)}));
  passerelle_status status = target.weights.open(*target.file, *target.library, error);
  if (status != PASSERELLE_OK) return status;
  for (uint32_t i = 1; i < view.subgraph_count(); ++i)
    target.referenced.emplace_back(nullptr, functions.ANeuralNetworksModel_free);
  // A subgraph refers to later ones alone, and NNAPI wants those finished.
  for (uint32_t i = view.subgraph_count(); i-- > 0 && status == PASSERELLE_OK;) {
    ANeuralNetworksModel* model = nullptr;
    const int result = functions.ANeuralNetworksModel_create(&model);
    if (result != ANEURALNETWORKS_NO_ERROR) return fail_in_nnapi(error, "ANeuralNetworksModel_create", result, {});
    (i == 0 ? target.model : target.referenced[i - 1]).reset(model);
    status = Builder(target, view.subgraph(i), model, error).build(relax_fp16);
  }
  return status;
}

}  // namespace passerelle::loader
