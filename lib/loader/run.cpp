#include <memory>
#include <new>
#include <vector>

#include "compilation.h"
#include "failure.h"
#include "layout.h"
#include "model.h"

namespace passerelle::loader {
namespace {

size_t element_size(const blob::Port& port, const blob::Operand& operand) {
  size_t count = 1;
  for (uint32_t dimension : port.shape) count *= dimension;
  return static_cast<size_t>(operand.byte_size) / count;
}

class Run {
 public:
  Run(const passerelle_compilation& compilation, passerelle_error* error)
      : view_(compilation.file->view()),
        functions_(compilation.library->functions),
        execution_(nullptr, functions_.ANeuralNetworksExecution_free),
        error_(error) {}

  passerelle_status create(const passerelle_compilation& compilation) {
    ANeuralNetworksExecution* execution = nullptr;
    const int result = functions_.ANeuralNetworksExecution_create(compilation.compilation.get(), &execution);
    if (result != ANEURALNETWORKS_NO_ERROR) return fail_in_nnapi(error_, "ANeuralNetworksExecution_create", result, {});
    execution_.reset(execution);
    return PASSERELLE_OK;
  }

  passerelle_status set_input(uint32_t index, const passerelle_input& buffer) {
    const blob::Port port = view_.input(index);
    const blob::Operand operand = view_.operand(port.operand);
    const void* data = buffer.data;
    if (converts_layout(port)) {
      unsigned char* converted = scratch(operand.byte_size);
      if (!converted) return no_memory(port_name("input", index, port));
      convert_layout(data, converted, port.shape, element_size(port, operand), port.caller_layout);
      data = converted;
    }
    const int result = functions_.ANeuralNetworksExecution_setInput(execution_.get(), static_cast<int32_t>(index),
                                                                    nullptr, data, buffer.size);
    if (result == ANEURALNETWORKS_NO_ERROR) return PASSERELLE_OK;
    return fail_in_nnapi(error_, "ANeuralNetworksExecution_setInput", result, port_name("input", index, port));
  }

  passerelle_status set_output(uint32_t index, const passerelle_output& buffer) {
    const blob::Port port = view_.output(index);
    void* data = buffer.data;
    if (converts_layout(port)) {
      unsigned char* unconverted = scratch(view_.operand(port.operand).byte_size);
      if (!unconverted) return no_memory(port_name("output", index, port));
      conversions_.push_back({index, unconverted, buffer.data});
      data = unconverted;
    }
    const int result = functions_.ANeuralNetworksExecution_setOutput(execution_.get(), static_cast<int32_t>(index),
                                                                     nullptr, data, buffer.size);
    if (result == ANEURALNETWORKS_NO_ERROR) return PASSERELLE_OK;
    return fail_in_nnapi(error_, "ANeuralNetworksExecution_setOutput", result, port_name("output", index, port));
  }

  passerelle_status compute() {
    const passerelle_status status = functions_.ANeuralNetworksExecution_compute ? compute_now() : compute_and_wait();
    if (status != PASSERELLE_OK) return status;
    for (const Conversion& conversion : conversions_) {
      const blob::Port port = view_.output(conversion.output);
      const blob::Operand operand = view_.operand(port.operand);
      convert_layout(conversion.from, conversion.to, port.shape, element_size(port, operand), port.nnapi_layout);
    }
    return PASSERELLE_OK;
  }

 private:
  struct Conversion {
    uint32_t output;
    const void* from;
    void* to;
  };

  passerelle_status compute_now() {
    const int result = functions_.ANeuralNetworksExecution_compute(execution_.get());
    if (result == ANEURALNETWORKS_NO_ERROR) return PASSERELLE_OK;
    return fail_in_nnapi(error_, "ANeuralNetworksExecution_compute", result, {});
  }

  passerelle_status compute_and_wait() {
    ANeuralNetworksEvent* event = nullptr;
    int result = functions_.ANeuralNetworksExecution_startCompute(execution_.get(), &event);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return fail_in_nnapi(error_, "ANeuralNetworksExecution_startCompute", result, {});
    result = functions_.ANeuralNetworksEvent_wait(event);
    functions_.ANeuralNetworksEvent_free(event);
    if (result == ANEURALNETWORKS_NO_ERROR) return PASSERELLE_OK;
    return fail_in_nnapi(error_, "ANeuralNetworksEvent_wait", result, {});
  }

  unsigned char* scratch(uint64_t size) {
    std::unique_ptr<unsigned char[]> buffer(new (std::nothrow) unsigned char[static_cast<size_t>(size)]);
    unsigned char* address = buffer.get();
    if (address) scratch_.push_back(std::move(buffer));
    return address;
  }

  passerelle_status no_memory(const std::string& name) {
    return fail(error_, PASSERELLE_OUT_OF_MEMORY, "no memory to convert the layout of " + name);
  }

  const blob::View& view_;
  const Functions& functions_;
  std::vector<std::unique_ptr<unsigned char[]>> scratch_;
  std::vector<Conversion> conversions_;
  std::unique_ptr<ANeuralNetworksExecution, void (*)(ANeuralNetworksExecution*)>
      execution_;  // freed before its buffers
  passerelle_error* error_;
};

passerelle_status check_buffer(const char* kind, uint32_t index, const blob::View& view, const blob::Port& port,
                               const void* data, size_t size, passerelle_error* error) {
  const uint64_t expected = view.operand(port.operand).byte_size;
  if (data && size == expected) return PASSERELLE_OK;
  const std::string name = port_name(kind, index, port);
  return fail(error, PASSERELLE_INVALID_ARGUMENT,
              data ? name + " takes a buffer of " + std::to_string(expected) + " bytes, not of " + std::to_string(size)
                   : name + " has no buffer");
}

passerelle_status check_buffers(const blob::View& view, const passerelle_input* inputs, uint32_t input_count,
                                const passerelle_output* outputs, uint32_t output_count, passerelle_error* error) {
  if (!inputs || !outputs || input_count != view.input_count() || output_count != view.output_count())
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                "the model has " + std::to_string(view.input_count()) + " inputs and " +
                    std::to_string(view.output_count()) + " outputs, and the caller has buffers for " +
                    std::to_string(inputs ? input_count : 0) + " and " + std::to_string(outputs ? output_count : 0));
  passerelle_status status = PASSERELLE_OK;
  for (uint32_t i = 0; i < input_count && status == PASSERELLE_OK; ++i)
    status = check_buffer("input", i, view, view.input(i), inputs[i].data, inputs[i].size, error);
  for (uint32_t i = 0; i < output_count && status == PASSERELLE_OK; ++i)
    status = check_buffer("output", i, view, view.output(i), outputs[i].data, outputs[i].size, error);
  return status;
}

}  // namespace
}  // namespace passerelle::loader

using namespace passerelle::loader;

passerelle_status passerelle_run(const passerelle_compilation* compilation, const passerelle_input* inputs,
                                 uint32_t input_count, const passerelle_output* outputs, uint32_t output_count,
                                 passerelle_error* error) noexcept {
  if (!compilation) return fail(error, PASSERELLE_INVALID_ARGUMENT, "compilation is NULL");
  passerelle_status status =
      check_buffers(compilation->file->view(), inputs, input_count, outputs, output_count, error);
  if (status != PASSERELLE_OK) return status;
  Run run(*compilation, error);
  status = run.create(*compilation);
  for (uint32_t i = 0; i < input_count && status == PASSERELLE_OK; ++i) status = run.set_input(i, inputs[i]);
  for (uint32_t i = 0; i < output_count && status == PASSERELLE_OK; ++i) status = run.set_output(i, outputs[i]);
  return status == PASSERELLE_OK ? run.compute() : status;
}
