#include "engine.h"

#include <ATen/Context.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/csrc/jit/runtime/print_handler.h>

#include <mutex>

#include "foreign/operators.h"
#include "port/warnings.h"
#include "quantized_kernels.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

// An archive's __setstate__ runs in LibTorch's own interpreter while the archive is loaded: no allow-list stands before
// it.
void forget_operators_that_touch_files() {
  for (const char* name : {"aten::save", "aten::from_file"})
    for (const auto& op : std::vector(jit::getAllOperatorsFor(c10::Symbol::fromQualString(name))))
      jit::deregisterOperator(op->schema());
}

}  // namespace

void prepare_libtorch() {
  // LibTorch keeps its handler of warnings for each thread.
  port::silence_warnings();
  static std::once_flag once;
  std::call_once(once, [] {
    forget_operators_that_touch_files();
    register_foreign_operators();
    register_native_quantized_kernels();
    jit::setPrintHandler([](const std::string&) {});
  });
  // Debian's default, onednn, gives other numbers than a phone's kernels would.
  at::globalContext().setQEngine(at::QEngine::QNNPACK);
}

}  // namespace passerelle::torchscript
