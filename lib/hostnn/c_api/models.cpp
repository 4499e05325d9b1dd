#include "handles.h"

using namespace passerelle::hostnn;

int ANeuralNetworksModel_create(ANeuralNetworksModel** model) {
  return guarded(__func__, [&] {
    if (any_null(model)) return null_argument();
    *model = new ANeuralNetworksModel();
    return success();
  });
}

void ANeuralNetworksModel_free(ANeuralNetworksModel* model) { delete model; }

int ANeuralNetworksModel_finish(ANeuralNetworksModel* model) {
  return guarded(__func__, [&] { return any_null(model) ? null_argument() : model->finish(); });
}

int ANeuralNetworksModel_addOperand(ANeuralNetworksModel* model, const ANeuralNetworksOperandType* type) {
  return guarded(__func__, [&] { return any_null(model, type) ? null_argument() : model->add_operand(*type); });
}

int ANeuralNetworksModel_setOperandValue(ANeuralNetworksModel* model, int32_t index, const void* buffer,
                                         size_t length) {
  return guarded(__func__, [&] {
    if (any_null(model) || (buffer == nullptr && length != 0)) return null_argument();
    return model->set_value(index, buffer, length);
  });
}

int ANeuralNetworksModel_setOperandValueFromMemory(ANeuralNetworksModel* model, int32_t index,
                                                   const ANeuralNetworksMemory* memory, size_t offset, size_t length) {
  return guarded(__func__, [&] {
    if (any_null(model, memory)) return null_argument();
    return model->set_value(index, *memory, offset, length);
  });
}

int ANeuralNetworksModel_setOperandValueFromModel(ANeuralNetworksModel* model, int32_t index,
                                                  const ANeuralNetworksModel* value) {
  return guarded(__func__, [&] {
    if (any_null(model, value)) return null_argument();
    return model->set_value(index, static_cast<const Model&>(*value));
  });
}

int ANeuralNetworksModel_setOperandSymmPerChannelQuantParams(
    ANeuralNetworksModel* model, int32_t index, const ANeuralNetworksSymmPerChannelQuantParams* channelQuant) {
  return guarded(__func__, [&] {
    if (any_null(model, channelQuant)) return null_argument();
    return model->set_channel_quantization(index, *channelQuant);
  });
}

int ANeuralNetworksModel_addOperation(ANeuralNetworksModel* model, int32_t type, uint32_t inputCount,
                                      const uint32_t* inputs, uint32_t outputCount, const uint32_t* outputs) {
  return guarded(__func__, [&] {
    if (any_null(model, inputs, outputs)) return null_argument();
    return model->add_operation(type, inputCount, inputs, outputCount, outputs);
  });
}

int ANeuralNetworksModel_identifyInputsAndOutputs(ANeuralNetworksModel* model, uint32_t inputCount,
                                                  const uint32_t* inputs, uint32_t outputCount,
                                                  const uint32_t* outputs) {
  return guarded(__func__, [&] {
    if (any_null(model, inputs, outputs)) return null_argument();
    return model->identify_inputs_and_outputs(inputCount, inputs, outputCount, outputs);
  });
}

int ANeuralNetworksModel_relaxComputationFloat32toFloat16(ANeuralNetworksModel* model, bool allow) {
  return guarded(__func__, [&] { return any_null(model) ? null_argument() : model->relax(allow); });
}
