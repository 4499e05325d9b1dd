#include "execution.h"

#include <new>
#include <utility>

#include "crash_mark.h"
#include "failure.h"
#include "layout.h"
#include "model.h"
#include "passerelle/support/text.h"

using namespace passerelle::loader;
using passerelle::text;
namespace blob = passerelle::blob;

namespace {

size_t element_size(const blob::Port& port, const blob::Operand& operand) {
  size_t count = 1;
  for (uint32_t dimension : port.shape) count *= dimension;
  return static_cast<size_t>(operand.byte_size) / count;
}

constexpr uint64_t default_loop_timeout = 2000000000;

const char* kind(bool input) { return input ? "input" : "output"; }

passerelle_status too_old(const char* what, uint32_t level, const Library& library, passerelle_error* error) {
  return fail(
      error, PASSERELLE_NNAPI_TOO_OLD,
      text({what, " from ", level_name(level), ", and ", library.name, " has ", level_name(library.feature_level)}));
}

}  // namespace

passerelle_execution::passerelle_execution(std::shared_ptr<const Compiled> compiled,
                                           const passerelle_execution_options& options, bool run_often)
    : compiled_(std::move(compiled)),
      functions_(compiled_->library->functions),
      view_(compiled_->file->view()),
      options_(options),
      reuse_(run_often && functions_.ANeuralNetworksExecution_setReusable),
      inputs_(view_.input_count()),
      outputs_(view_.output_count()),
      burst_(nullptr, functions_.ANeuralNetworksBurst_free),
      native_(nullptr, functions_.ANeuralNetworksExecution_free) {}

passerelle_execution::~passerelle_execution() {
  if (event_) wait(nullptr);
}

passerelle_status passerelle_execution::open(passerelle_error* error) {
  const Library& library = *compiled_->library;
  if (options_.measure_timing && !(library.features & PASSERELLE_FEATURE_TIMING))
    return too_old("runs can be measured", 3, library, error);
  if (options_.timeout && !(library.features & PASSERELLE_FEATURE_TIMEOUT))
    return too_old("runs have timeouts", 4, library, error);
  if ((options_.measure_timing || options_.timeout) && compiled_->devices.size() != 1)
    return fail(
        error, PASSERELLE_INVALID_ARGUMENT,
        "timeouts and measured time need a compilation for exactly one device: name one in the compile options");
  if (!options_.burst || !(library.features & PASSERELLE_FEATURE_BURST)) return PASSERELLE_OK;
  ANeuralNetworksBurst* burst = nullptr;
  const int result = functions_.ANeuralNetworksBurst_create(compiled_->compilation.get(), &burst);
  if (result == ANEURALNETWORKS_NO_ERROR) burst_.reset(burst);
  return checked(result, "ANeuralNetworksBurst_create", {}, error);
}

passerelle_status passerelle_execution::set_input(uint32_t index, const void* data, size_t size,
                                                  passerelle_error* error) {
  return set_buffer(true, index, data, size, error);
}

passerelle_status passerelle_execution::set_output(uint32_t index, void* data, size_t size, passerelle_error* error) {
  return set_buffer(false, index, data, size, error);
}

passerelle_status passerelle_execution::set_buffer(bool input, uint32_t index, const void* data, size_t size,
                                                   passerelle_error* error) {
  passerelle_status status = check_index(input, index, error);
  if (status != PASSERELLE_OK) return status;
  const blob::Port port = input ? view_.input(index) : view_.output(index);
  const uint64_t expected = view_.operand(port.operand).byte_size;
  if (!data)
    return fail(error, PASSERELLE_INVALID_ARGUMENT, text({port_name(kind(input), index, port), " has no buffer"}));
  if (size != expected)
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                text({port_name(kind(input), index, port), " takes a buffer of ", expected, " bytes, not of ", size}));
  Buffer& buffer = (input ? inputs_ : outputs_)[index];
  if (converts_layout(port)) {
    if (!buffer.scratch) {
      buffer.scratch.reset(new (std::nothrow) unsigned char[size]);
      if (!buffer.scratch)
        return fail(error, PASSERELLE_OUT_OF_MEMORY,
                    text({"no memory to convert the layout of ", port_name(kind(input), index, port)}));
      native_.reset();
    }
  } else if (buffer.data != data || buffer.memory) {
    native_.reset();  // NNAPI's execution keeps the addresses that it was given
  }
  buffer.data = data;
  buffer.memory.reset();
  return PASSERELLE_OK;
}

passerelle_status passerelle_execution::set_memory(bool input, uint32_t index, std::shared_ptr<const Memory> memory,
                                                   size_t offset, passerelle_error* error) {
  passerelle_status status = check_index(input, index, error);
  if (status != PASSERELLE_OK) return status;
  const blob::Port port = input ? view_.input(index) : view_.output(index);
  const uint64_t size = view_.operand(port.operand).byte_size;
  if (memory->library->functions.ANeuralNetworksMemory_free != functions_.ANeuralNetworksMemory_free)
    return fail(error, PASSERELLE_INVALID_ARGUMENT, "the memory belongs to another NNAPI library");
  if (offset > memory->size || size > memory->size - offset)
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                text({port_name(kind(input), index, port), " takes ", size, " bytes, and the memory has ", memory->size,
                      ", of which ", offset, " are skipped"}));
  if (converts_layout(port))
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                text({port_name(kind(input), index, port),
                      " has another layout for NNAPI than for the caller, and can't be converted in a memory: convert "
                      "the model with the layout of NNAPI (NHWC)"}));
  Buffer& buffer = (input ? inputs_ : outputs_)[index];
  if (buffer.memory != memory || buffer.offset != offset) native_.reset();
  buffer.data = nullptr;
  buffer.memory = std::move(memory);
  buffer.offset = offset;
  return PASSERELLE_OK;
}

passerelle_status passerelle_execution::check_index(bool input, uint32_t index, passerelle_error* error) const {
  const passerelle_status status = check_idle(error);
  if (status != PASSERELLE_OK) return status;
  const size_t count = input ? inputs_.size() : outputs_.size();
  if (index < count) return PASSERELLE_OK;
  return fail(error, PASSERELLE_INVALID_ARGUMENT,
              text({"there is no ", kind(input), " ", index, ": the model has ", count}));
}

passerelle_status passerelle_execution::check_idle(passerelle_error* error) const {
  if (!event_) return PASSERELLE_OK;
  return fail(error, PASSERELLE_INVALID_ARGUMENT, "a run was started, and nobody waited for it yet");
}

/// An NNAPI execution with all buffers: the last run's where it can be used again.
passerelle_status passerelle_execution::prepare(passerelle_error* error) {
  passerelle_status status = check_idle(error);
  if (status != PASSERELLE_OK) return status;
  ran_ = false;
  if (!reuse_) native_.reset();
  if (!native_) {
    status = create(error);
    if (status == PASSERELLE_OK) status = give_buffers(error);
    if (status != PASSERELLE_OK) {
      native_.reset();
      return status;
    }
  }
  convert_inputs();
  if (compiled_->crash_directory.empty() || compiled_->has_run.load(std::memory_order_relaxed)) return PASSERELLE_OK;
  mark_ = std::make_unique<CrashMark>();
  return mark_->enter(compiled_->crash_directory, *compiled_->library, compiled_->devices, error);
}

passerelle_status passerelle_execution::create(passerelle_error* error) {
  ANeuralNetworksExecution* execution = nullptr;
  int result = functions_.ANeuralNetworksExecution_create(compiled_->compilation.get(), &execution);
  if (result != ANEURALNETWORKS_NO_ERROR) return checked(result, "ANeuralNetworksExecution_create", {}, error);
  native_.reset(execution);
  if (reuse_) {
    result = functions_.ANeuralNetworksExecution_setReusable(execution, true);
    if (result != ANEURALNETWORKS_NO_ERROR) return checked(result, "ANeuralNetworksExecution_setReusable", {}, error);
  }
  if (options_.measure_timing) {
    result = functions_.ANeuralNetworksExecution_setMeasureTiming(execution, true);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return checked(result, "ANeuralNetworksExecution_setMeasureTiming", {}, error);
  }
  if (options_.loop_timeout != 0 && view_.has_control_flow()) {
    result = functions_.ANeuralNetworksExecution_setLoopTimeout(execution, options_.loop_timeout);
    if (result != ANEURALNETWORKS_NO_ERROR)
      return checked(result, "ANeuralNetworksExecution_setLoopTimeout", {}, error);
  }
  if (options_.timeout == 0) return PASSERELLE_OK;
  return checked(functions_.ANeuralNetworksExecution_setTimeout(execution, options_.timeout),
                 "ANeuralNetworksExecution_setTimeout", {}, error);
}

passerelle_status passerelle_execution::give_buffers(passerelle_error* error) {
  passerelle_status status = PASSERELLE_OK;
  for (uint32_t i = 0; i < inputs_.size() && status == PASSERELLE_OK; ++i) status = give(true, i, error);
  for (uint32_t i = 0; i < outputs_.size() && status == PASSERELLE_OK; ++i) status = give(false, i, error);
  return status;
}

passerelle_status passerelle_execution::give(bool input, uint32_t index, passerelle_error* error) {
  const blob::Port port = input ? view_.input(index) : view_.output(index);
  Buffer& buffer = (input ? inputs_ : outputs_)[index];
  if (!buffer.is_set())
    return fail(error, PASSERELLE_INVALID_ARGUMENT, text({port_name(kind(input), index, port), " has no buffer"}));
  const size_t size = static_cast<size_t>(view_.operand(port.operand).byte_size);
  const int32_t number = static_cast<int32_t>(index);
  const void* data = buffer.scratch ? buffer.scratch.get() : buffer.data;
  const char* function;
  int result;
  if (buffer.memory) {
    function = input ? "ANeuralNetworksExecution_setInputFromMemory" : "ANeuralNetworksExecution_setOutputFromMemory";
    const auto set = input ? functions_.ANeuralNetworksExecution_setInputFromMemory
                           : functions_.ANeuralNetworksExecution_setOutputFromMemory;
    result = set(native_.get(), number, nullptr, buffer.memory->handle, buffer.offset, size);
  } else if (input) {
    function = "ANeuralNetworksExecution_setInput";
    result = functions_.ANeuralNetworksExecution_setInput(native_.get(), number, nullptr, data, size);
  } else {
    function = "ANeuralNetworksExecution_setOutput";
    result =
        functions_.ANeuralNetworksExecution_setOutput(native_.get(), number, nullptr, const_cast<void*>(data), size);
  }
  if (result == ANEURALNETWORKS_NO_ERROR) return PASSERELLE_OK;
  return checked(result, function, port_name(kind(input), index, port), error);
}

passerelle_status passerelle_execution::run(passerelle_error* error) {
  passerelle_status status = prepare(error);
  if (status != PASSERELLE_OK) return status;
  return finish(compute(error));
}

passerelle_status passerelle_execution::compute(passerelle_error* error) {
  if (burst_)
    return checked(functions_.ANeuralNetworksExecution_burstCompute(native_.get(), burst_.get()),
                   "ANeuralNetworksExecution_burstCompute", {}, error);
  if (functions_.ANeuralNetworksExecution_compute)
    return checked(functions_.ANeuralNetworksExecution_compute(native_.get()), "ANeuralNetworksExecution_compute", {},
                   error);
  return compute_by_event(error);
}

passerelle_status passerelle_execution::compute_by_event(passerelle_error* error) {
  ANeuralNetworksEvent* event = nullptr;
  int result = functions_.ANeuralNetworksExecution_startCompute(native_.get(), &event);
  if (result != ANEURALNETWORKS_NO_ERROR) return checked(result, "ANeuralNetworksExecution_startCompute", {}, error);
  result = functions_.ANeuralNetworksEvent_wait(event);
  functions_.ANeuralNetworksEvent_free(event);
  return checked(result, "ANeuralNetworksEvent_wait", {}, error);
}

passerelle_status passerelle_execution::start(passerelle_error* error) {
  const passerelle_status status = prepare(error);
  if (status != PASSERELLE_OK) return status;
  ANeuralNetworksEvent* event = nullptr;
  const int result = functions_.ANeuralNetworksExecution_startCompute(native_.get(), &event);
  if (result != ANEURALNETWORKS_NO_ERROR)
    return finish(checked(result, "ANeuralNetworksExecution_startCompute", {}, error));
  event_ = event;
  return PASSERELLE_OK;
}

passerelle_status passerelle_execution::wait(passerelle_error* error) {
  if (!event_) return fail(error, PASSERELLE_INVALID_ARGUMENT, "no run was started");
  ANeuralNetworksEvent* event = std::exchange(event_, nullptr);
  const int result = functions_.ANeuralNetworksEvent_wait(event);
  functions_.ANeuralNetworksEvent_free(event);
  return finish(checked(result, "ANeuralNetworksEvent_wait", {}, error));
}

/// What follows a run, however it went.
passerelle_status passerelle_execution::finish(passerelle_status status) {
  mark_.reset();
  if (status == PASSERELLE_OK) {
    convert_outputs();
    compiled_->has_run.store(true, std::memory_order_relaxed);
    ran_ = true;
  }
  // Kept where it can run again, or will be asked how long it took.
  if (status != PASSERELLE_OK || !(reuse_ || options_.measure_timing)) native_.reset();
  return status;
}

passerelle_status passerelle_execution::timing(passerelle_timing& timing, passerelle_error* error) const {
  const passerelle_status idle = check_idle(error);
  if (idle != PASSERELLE_OK) return idle;
  if (!options_.measure_timing || !ran_ || !native_)
    return fail(error, PASSERELLE_INVALID_ARGUMENT,
                "there is no measured run: create the execution with measure_timing, and run it");
  struct Row {
    int32_t code;
    uint64_t* duration;
  };
  for (const Row& row : {Row{ANEURALNETWORKS_DURATION_ON_HARDWARE, &timing.on_hardware},
                         Row{ANEURALNETWORKS_DURATION_IN_DRIVER, &timing.in_driver}}) {
    const int result = functions_.ANeuralNetworksExecution_getDuration(native_.get(), row.code, row.duration);
    if (result != ANEURALNETWORKS_NO_ERROR) return checked(result, "ANeuralNetworksExecution_getDuration", {}, error);
  }
  return PASSERELLE_OK;
}

void passerelle_execution::convert_inputs() {
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].scratch) continue;
    const blob::Port port = view_.input(i);
    convert_layout(inputs_[i].data, inputs_[i].scratch.get(), port.shape,
                   element_size(port, view_.operand(port.operand)), port.caller_layout);
  }
}

void passerelle_execution::convert_outputs() {
  for (uint32_t i = 0; i < outputs_.size(); ++i) {
    if (!outputs_[i].scratch) continue;
    const blob::Port port = view_.output(i);
    convert_layout(outputs_[i].scratch.get(), const_cast<void*>(outputs_[i].data), port.shape,
                   element_size(port, view_.operand(port.operand)), port.nnapi_layout);
  }
}

/// NNAPI does not say which of the two it was.
std::string passerelle_execution::expired() const {
  const uint64_t of_loops = options_.loop_timeout != 0 ? options_.loop_timeout : default_loop_timeout;
  std::string loop = text({"a loop took longer than its ", of_loops / 1000000, " ms"});
  if (options_.timeout == 0) return loop + "; a longer loop_timeout can be given, up to 15 s";
  return loop + text({", or the run longer than its ", options_.timeout / 1000000, " ms"});
}

passerelle_status passerelle_execution::checked(int result, const char* function, const std::string& what,
                                                passerelle_error* error) const {
  const bool missed =
      result == ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT || result == ANEURALNETWORKS_MISSED_DEADLINE_PERSISTENT;
  if (missed && what.empty() && view_.has_control_flow()) return fail_in_nnapi(error, function, result, expired());
  return result == ANEURALNETWORKS_NO_ERROR ? PASSERELLE_OK : fail_in_nnapi(error, function, result, what);
}
