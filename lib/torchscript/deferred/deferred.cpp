// The program's side: the same functions, each of which opens the library first. LibTorch takes half a second and 100
// MB to load, and most command lines that are typed (--help, ops, inspect FILE.nnapi, a misspelt option) have no use
// for it.
#include <dlfcn.h>
#include <torch/version.h>

#include "functions.h"
#include "passerelle/support/companion.h"

namespace passerelle::torchscript {
namespace {

using graph::HostTensor;

/// Opened at the first use, for good.
const Expected<const Functions*>& functions() {
  static const Expected<const Functions*> opened = []() -> Expected<const Functions*> {
    const std::string path = companion_library("libpasserelle_torchscript.so");
    void* const library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    const auto* const found =
        library == nullptr ? nullptr : static_cast<const Functions*>(::dlsym(library, functions_symbol));
    if (found == nullptr) {
      const char* const why = ::dlerror();
      return Error{ErrorKind::unreadable, "the half of passerelle that uses LibTorch can't be loaded: " +
                                              std::string(why ? why : "") + "; install passerelle, or LibTorch, again"};
    }
    found->adopt(process_wide());
    return found;
  }();
  return opened;
}

/// For what a Model does, which there is only where the library is.
const Functions& library() { return **functions(); }

}  // namespace

/// A loaded model is the library's, which frees it too: nothing below lets go of one here.
struct Model::State {};

Model::Model(Model&&) noexcept = default;

Model& Model::operator=(Model&& other) noexcept {
  state_.swap(other.state_);
  return *this;
}

Model::~Model() {
  if (state_) library().close(std::move(*this));
}

Expected<Model> Model::load(const std::string& path) {
  if (!functions()) return functions().error();
  return library().load(path);
}

std::vector<ParameterInfo> Model::parameters() const { return (this->*library().parameters)(); }

Expected<std::vector<HostTensor>> Model::example_inputs(const std::vector<InputSpec>& specs) const {
  return (this->*library().example_inputs)(specs);
}

Expected<Trace> Model::trace(const std::vector<InputSpec>& specs, const Budget& budget) const {
  return (this->*library().trace)(specs, budget);
}

Expected<Program> Model::program(const std::vector<InputSpec>& specs, const Budget& budget) const {
  return (this->*library().program)(specs, budget);
}

Expected<std::vector<HostTensor>> Model::run(const std::vector<InputSpec>& specs,
                                             const std::vector<HostTensor>& inputs) const {
  return (this->*library().run)(specs, inputs);
}

Expected<std::function<bool()>> Model::repeated_run(const std::vector<InputSpec>& specs,
                                                    const std::vector<HostTensor>& inputs) const {
  return (this->*library().repeated_run)(specs, inputs);
}

const std::string& Model::written_by() const { return (this->*library().written_by)(); }

std::optional<Model::NnapiCalls> Model::nnapi_calls() const { return (this->*library().nnapi_calls)(); }

std::string Model::libtorch_version() { return TORCH_VERSION; }

void Model::use_threads(int threads) {
  if (functions()) library().use_threads(threads);  // else nothing of LibTorch will run
}

std::vector<InputSpec> with_floats(std::vector<InputSpec> specs) { return library().with_floats_(std::move(specs)); }

void prepare_for_little_memory() {
  if (functions()) library().prepare_for_little_memory_();
}

Expected<std::vector<HostTensor>> replay(const Trace& trace, const std::vector<HostTensor>& inputs,
                                         const std::vector<TensorId>& wanted) {
  if (!functions()) return functions().error();
  return library().replay_(trace, inputs, wanted);
}

bool has_operator(const std::string& name) { return functions() && library().has_operator_(name); }

Expected<void> write_split_module(const SplitModule& module, const SplitWriting& writing, const std::string& path) {
  return library().write_split_module_(module, writing, path);
}

Expected<void> provide_nnapi(const std::string& path) {
  if (!functions()) return functions().error();
  return library().provide_nnapi_(path);
}

}  // namespace passerelle::torchscript
