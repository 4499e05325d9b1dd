#include "handles.h"

using namespace passerelle::hostnn;

namespace {

/// The host has no wishes: any address, and no padding.
int no_preference(const char* function, const ANeuralNetworksCompilation* compilation, bool is_output, uint32_t index,
                  uint32_t* value) {
  return guarded(function, [&] {
    if (any_null(compilation, value)) return null_argument();
    PASSERELLE_RETURN_IF_FAILED(compilation->check_finished());
    const Graph& graph = compilation->graph();
    if (index >= (is_output ? graph.outputs : graph.inputs).size())
      return bad_data("there is no such " + std::string(is_output ? "output" : "input"));
    *value = 1;
    return success();
  });
}

}  // namespace

int ANeuralNetworksCompilation_create(ANeuralNetworksModel* model, ANeuralNetworksCompilation** compilation) {
  return guarded(__func__, [&] {
    if (any_null(model, compilation)) return null_argument();
    *compilation = nullptr;
    if (!model->is_finished()) return bad_state("the model is not finished, or invalid");
    *compilation = new ANeuralNetworksCompilation(model->graph(), false);
    return success();
  });
}

void ANeuralNetworksCompilation_free(ANeuralNetworksCompilation* compilation) { delete compilation; }

int ANeuralNetworksCompilation_finish(ANeuralNetworksCompilation* compilation) {
  return guarded(__func__, [&] { return any_null(compilation) ? null_argument() : compilation->finish(); });
}

int ANeuralNetworksCompilation_setPreference(ANeuralNetworksCompilation* compilation, int32_t preference) {
  return guarded(__func__,
                 [&] { return any_null(compilation) ? null_argument() : compilation->set_preference(preference); });
}

int ANeuralNetworksCompilation_setPriority(ANeuralNetworksCompilation* compilation, int priority) {
  return guarded(__func__,
                 [&] { return any_null(compilation) ? null_argument() : compilation->set_priority(priority); });
}

int ANeuralNetworksCompilation_setTimeout(ANeuralNetworksCompilation* compilation, uint64_t) {
  return guarded(__func__, [&] { return any_null(compilation) ? null_argument() : compilation->set_timeout(); });
}

int ANeuralNetworksCompilation_setCaching(ANeuralNetworksCompilation* compilation, const char* cacheDir,
                                          const uint8_t* token) {
  return guarded(__func__,
                 [&] { return any_null(compilation, cacheDir, token) ? null_argument() : compilation->set_caching(); });
}

int ANeuralNetworksCompilation_getPreferredMemoryAlignmentForInput(const ANeuralNetworksCompilation* compilation,
                                                                   uint32_t index, uint32_t* alignment) {
  return no_preference(__func__, compilation, false, index, alignment);
}

int ANeuralNetworksCompilation_getPreferredMemoryPaddingForInput(const ANeuralNetworksCompilation* compilation,
                                                                 uint32_t index, uint32_t* padding) {
  return no_preference(__func__, compilation, false, index, padding);
}

int ANeuralNetworksCompilation_getPreferredMemoryAlignmentForOutput(const ANeuralNetworksCompilation* compilation,
                                                                    uint32_t index, uint32_t* alignment) {
  return no_preference(__func__, compilation, true, index, alignment);
}

int ANeuralNetworksCompilation_getPreferredMemoryPaddingForOutput(const ANeuralNetworksCompilation* compilation,
                                                                  uint32_t index, uint32_t* padding) {
  return no_preference(__func__, compilation, true, index, padding);
}
