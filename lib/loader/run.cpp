// The C functions that run.
#include <algorithm>

#include "execution.h"
#include "failure.h"
#include "passerelle/support/text.h"

using namespace passerelle::loader;
using passerelle::text;

namespace {

passerelle_status no_execution(passerelle_error* error) {
  return fail(error, PASSERELLE_INVALID_ARGUMENT, "execution is NULL");
}

/// The caller may know members of a buffer that this version does not.
template <typename Buffer>
bool knows(const Buffer& buffer) {
  return buffer.reserved[0] == 0 && buffer.reserved[1] == 0;
}

}  // namespace

passerelle_status passerelle_run(const passerelle_compilation* compilation, const passerelle_input* inputs,
                                 uint32_t input_count, const passerelle_output* outputs, uint32_t output_count,
                                 passerelle_error* error) noexcept {
  if (!compilation) return fail(error, PASSERELLE_INVALID_ARGUMENT, "compilation is NULL");
  const passerelle::blob::View& view = compilation->compiled->file->view();
  if (!inputs || !outputs || input_count != view.input_count() || output_count != view.output_count())
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                text({"the model has ", view.input_count(), " inputs and ", view.output_count(),
                      " outputs, and the caller has buffers for ", inputs ? input_count : 0, " and ",
                      outputs ? output_count : 0}));
  if (!std::all_of(inputs, inputs + input_count, knows<passerelle_input>) ||
      !std::all_of(outputs, outputs + output_count, knows<passerelle_output>))
    return fail(error, PASSERELLE_INVALID_ARGUMENT, "the reserved members of a buffer must be zero");
  passerelle_execution execution(compilation->compiled, PASSERELLE_EXECUTION_OPTIONS_INIT, false);
  passerelle_status status = PASSERELLE_OK;
  for (uint32_t i = 0; i < input_count && status == PASSERELLE_OK; ++i)
    status = execution.set_input(i, inputs[i].data, inputs[i].size, error);
  for (uint32_t i = 0; i < output_count && status == PASSERELLE_OK; ++i)
    status = execution.set_output(i, outputs[i].data, outputs[i].size, error);
  return status == PASSERELLE_OK ? execution.run(error) : status;
}

passerelle_status passerelle_execution_create(const passerelle_compilation* compilation,
                                              const passerelle_execution_options* options,
                                              passerelle_execution** execution, passerelle_error* error) noexcept {
  if (!execution) return no_execution(error);
  *execution = nullptr;
  if (!compilation) return fail(error, PASSERELLE_INVALID_ARGUMENT, "compilation is NULL");
  passerelle_execution_options known = PASSERELLE_EXECUTION_OPTIONS_INIT;
  if (!take(options, known))
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                "the execution options hold something unknown, or no struct_size: initialise them with "
                "PASSERELLE_EXECUTION_OPTIONS_INIT");
  auto made = std::make_unique<passerelle_execution>(compilation->compiled, known, true);
  const passerelle_status status = made->open(error);
  if (status == PASSERELLE_OK) *execution = made.release();
  return status;
}

void passerelle_execution_close(passerelle_execution* execution) noexcept { delete execution; }

passerelle_status passerelle_execution_set_input(passerelle_execution* execution, uint32_t index, const void* data,
                                                 size_t size, passerelle_error* error) noexcept {
  return execution ? execution->set_input(index, data, size, error) : no_execution(error);
}

passerelle_status passerelle_execution_set_output(passerelle_execution* execution, uint32_t index, void* data,
                                                  size_t size, passerelle_error* error) noexcept {
  return execution ? execution->set_output(index, data, size, error) : no_execution(error);
}

passerelle_status passerelle_execution_set_input_memory(passerelle_execution* execution, uint32_t index,
                                                        const passerelle_memory* memory, size_t offset,
                                                        passerelle_error* error) noexcept {
  if (!execution) return no_execution(error);
  if (!memory) return fail(error, PASSERELLE_INVALID_ARGUMENT, "memory is NULL");
  return execution->set_memory(true, index, memory->memory, offset, error);
}

passerelle_status passerelle_execution_set_output_memory(passerelle_execution* execution, uint32_t index,
                                                         const passerelle_memory* memory, size_t offset,
                                                         passerelle_error* error) noexcept {
  if (!execution) return no_execution(error);
  if (!memory) return fail(error, PASSERELLE_INVALID_ARGUMENT, "memory is NULL");
  return execution->set_memory(false, index, memory->memory, offset, error);
}

passerelle_status passerelle_execution_run(passerelle_execution* execution, passerelle_error* error) noexcept {
  return execution ? execution->run(error) : no_execution(error);
}

passerelle_status passerelle_execution_start(passerelle_execution* execution, passerelle_error* error) noexcept {
  return execution ? execution->start(error) : no_execution(error);
}

passerelle_status passerelle_execution_wait(passerelle_execution* execution, passerelle_error* error) noexcept {
  return execution ? execution->wait(error) : no_execution(error);
}

passerelle_status passerelle_execution_timing(const passerelle_execution* execution, passerelle_timing* timing,
                                              passerelle_error* error) noexcept {
  if (!execution) return no_execution(error);
  passerelle_timing known{};
  const passerelle_status status = execution->timing(known, error);
  return status == PASSERELLE_OK ? fill(timing, known, error) : status;
}
