#include <ATen/Context.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/script.h>

#include <mutex>

#include "failures.h"
#include "foreign_operators.h"
#include "model_state.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::torchscript {
Expected<Model> Model::load(const std::string& path) {
  at::globalContext().setQEngine(at::QEngine::QNNPACK);
  register_foreign_operators();
  try {
    auto state = std::make_unique<State>(State{torch::jit::load(path, at::kCPU)});
    state->module.eval();
    return Model(std::move(state));
  } catch (const std::exception& exception) {
    return Error{ErrorKind::unreadable, path + ": " + first_line(exception)};
  }
}
}  // namespace passerelle::torchscript
