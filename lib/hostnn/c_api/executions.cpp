#include "handles.h"

using namespace passerelle::hostnn;

int ANeuralNetworksExecution_create(ANeuralNetworksCompilation* compilation, ANeuralNetworksExecution** execution) {
  return guarded(__func__, [&] {
    if (any_null(compilation, execution)) return null_argument();
    *execution = nullptr;
    PASSERELLE_RETURN_IF_FAILED(compilation->check_finished());
    *execution = new ANeuralNetworksExecution(*compilation);
    return success();
  });
}

void ANeuralNetworksExecution_free(ANeuralNetworksExecution* execution) {
  guarded(__func__, [&] {
    if (execution == nullptr) return success();
    if (execution->is_running()) return bad_state("the execution is running: nothing was freed");
    delete execution;
    return success();
  });
}

int ANeuralNetworksExecution_setInput(ANeuralNetworksExecution* execution, int32_t index,
                                      const ANeuralNetworksOperandType* type, const void* buffer, size_t length) {
  return guarded(__func__, [&] {
    if (any_null(execution) || (buffer == nullptr && length != 0)) return null_argument();
    return execution->set_input(index, type, buffer, length);
  });
}

int ANeuralNetworksExecution_setInputFromMemory(ANeuralNetworksExecution* execution, int32_t index,
                                                const ANeuralNetworksOperandType* type,
                                                const ANeuralNetworksMemory* memory, size_t offset, size_t length) {
  return guarded(__func__, [&] {
    if (any_null(execution, memory)) return null_argument();
    return execution->set_input(index, type, const_cast<ANeuralNetworksMemory&>(*memory), offset, length);
  });
}

int ANeuralNetworksExecution_setOutput(ANeuralNetworksExecution* execution, int32_t index,
                                       const ANeuralNetworksOperandType* type, void* buffer, size_t length) {
  return guarded(__func__, [&] {
    if (any_null(execution) || (buffer == nullptr && length != 0)) return null_argument();
    return execution->set_output(index, type, buffer, length);
  });
}

int ANeuralNetworksExecution_setOutputFromMemory(ANeuralNetworksExecution* execution, int32_t index,
                                                 const ANeuralNetworksOperandType* type,
                                                 const ANeuralNetworksMemory* memory, size_t offset, size_t length) {
  return guarded(__func__, [&] {
    if (any_null(execution, memory)) return null_argument();
    return execution->set_output(index, type, const_cast<ANeuralNetworksMemory&>(*memory), offset, length);
  });
}

int ANeuralNetworksExecution_compute(ANeuralNetworksExecution* execution) {
  return guarded(__func__, [&] { return any_null(execution) ? null_argument() : execution->compute(); });
}

int ANeuralNetworksExecution_burstCompute(ANeuralNetworksExecution* execution, ANeuralNetworksBurst* burst) {
  return guarded(__func__, [&] { return any_null(execution, burst) ? null_argument() : execution->compute(*burst); });
}

int ANeuralNetworksExecution_startCompute(ANeuralNetworksExecution* execution, ANeuralNetworksEvent** event) {
  return guarded(__func__, [&] {
    if (any_null(event)) return null_argument();
    *event = nullptr;
    if (any_null(execution)) return null_argument();
    auto handle = std::make_unique<ANeuralNetworksEvent>();
    PASSERELLE_RETURN_IF_FAILED(execution->start(handle->event));
    *event = handle.release();
    return success();
  });
}

int ANeuralNetworksExecution_startComputeWithDependencies(ANeuralNetworksExecution* execution,
                                                          const ANeuralNetworksEvent* const* dependencies,
                                                          uint32_t num_dependencies, uint64_t duration,
                                                          ANeuralNetworksEvent** event) {
  return guarded(__func__, [&] {
    if (any_null(event)) return null_argument();
    *event = nullptr;
    if (any_null(execution) || (dependencies == nullptr && num_dependencies != 0)) return null_argument();
    std::vector<const Event*> events;
    for (uint32_t i = 0; i < num_dependencies; ++i) {
      if (dependencies[i] == nullptr) return null_argument();
      events.push_back(dependencies[i]->event.get());
    }
    auto handle = std::make_unique<ANeuralNetworksEvent>();
    PASSERELLE_RETURN_IF_FAILED(execution->start_after(events, duration, handle->event));
    *event = handle.release();
    return success();
  });
}

int ANeuralNetworksExecution_setMeasureTiming(ANeuralNetworksExecution* execution, bool measure) {
  return guarded(__func__,
                 [&] { return any_null(execution) ? null_argument() : execution->set_measure_timing(measure); });
}

int ANeuralNetworksExecution_getDuration(const ANeuralNetworksExecution* execution, int32_t durationCode,
                                         uint64_t* duration) {
  return guarded(__func__, [&] {
    if (any_null(execution, duration)) return null_argument();
    if (durationCode < ANEURALNETWORKS_DURATION_ON_HARDWARE || durationCode > ANEURALNETWORKS_FENCED_DURATION_IN_DRIVER)
      return bad_data("there is no duration " + std::to_string(durationCode));
    return execution->duration(*duration);
  });
}

int ANeuralNetworksExecution_setTimeout(ANeuralNetworksExecution* execution, uint64_t duration) {
  return guarded(__func__, [&] { return any_null(execution) ? null_argument() : execution->set_timeout(duration); });
}

int ANeuralNetworksExecution_setLoopTimeout(ANeuralNetworksExecution* execution, uint64_t duration) {
  return guarded(__func__,
                 [&] { return any_null(execution) ? null_argument() : execution->set_loop_timeout(duration); });
}

uint64_t ANeuralNetworks_getDefaultLoopTimeout() { return default_loop_timeout; }

uint64_t ANeuralNetworks_getMaximumLoopTimeout() { return maximum_loop_timeout; }

int ANeuralNetworksExecution_setReusable(ANeuralNetworksExecution* execution, bool reusable) {
  return guarded(__func__, [&] { return any_null(execution) ? null_argument() : execution->set_reusable(reusable); });
}

int ANeuralNetworksExecution_enableInputAndOutputPadding(ANeuralNetworksExecution* execution, bool enable) {
  return guarded(__func__, [&] { return any_null(execution) ? null_argument() : execution->enable_padding(enable); });
}

int ANeuralNetworksExecution_getOutputOperandRank(ANeuralNetworksExecution* execution, int32_t index, uint32_t* rank) {
  return guarded(__func__,
                 [&] { return any_null(execution, rank) ? null_argument() : execution->output_rank(index, *rank); });
}

int ANeuralNetworksExecution_getOutputOperandDimensions(ANeuralNetworksExecution* execution, int32_t index,
                                                        uint32_t* dimensions) {
  return guarded(__func__, [&] {
    return any_null(execution, dimensions) ? null_argument() : execution->output_dimensions(index, dimensions);
  });
}

int ANeuralNetworksBurst_create(ANeuralNetworksCompilation* compilation, ANeuralNetworksBurst** burst) {
  return guarded(__func__, [&] {
    if (any_null(compilation, burst)) return null_argument();
    *burst = nullptr;
    PASSERELLE_RETURN_IF_FAILED(compilation->check_finished());
    *burst = new ANeuralNetworksBurst(*compilation);
    return success();
  });
}

void ANeuralNetworksBurst_free(ANeuralNetworksBurst* burst) { delete burst; }

int ANeuralNetworksEvent_wait(ANeuralNetworksEvent* event) {
  return guarded(__func__, [&] { return any_null(event) ? null_argument() : event->event->wait(); });
}

void ANeuralNetworksEvent_free(ANeuralNetworksEvent* event) { delete event; }

// Sync fences are Android's kernel's: there are none here, and no event has one.

int ANeuralNetworksEvent_createFromSyncFenceFd(int, ANeuralNetworksEvent** event) {
  return guarded(__func__, [&] {
    if (any_null(event)) return null_argument();
    *event = nullptr;
    return bad_data("this runtime has no sync fences");
  });
}

int ANeuralNetworksEvent_getSyncFenceFd(const ANeuralNetworksEvent* event, int* sync_fence_fd) {
  return guarded(__func__, [&] {
    if (any_null(sync_fence_fd)) return null_argument();
    *sync_fence_fd = -1;
    if (any_null(event)) return null_argument();
    return bad_data("the event has no sync fence");
  });
}
