#include "passerelle/torchscript/split_module.h"

#include <dlfcn.h>
#include <torch/csrc/jit/serialization/export.h>

#include "graph_writer.h"
#include "interpreter/failures.h"
#include "nnapi_part.h"
#include "passerelle/support/atomic_file.h"
#include "running/engine.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;

namespace {

/// forward under the signature that the model had, default values included.
void add_forward(ModuleBuilder& builder, const std::shared_ptr<jit::Graph>& graph, const c10::FunctionSchema& schema) {
  jit::Module& root = builder.root();
  const c10::QualifiedName name(*root.type()->name(), "forward");
  jit::Function* function = root._ivalue()->compilation_unit()->create_function(name, graph);
  std::vector<c10::Argument> arguments = schema.arguments();
  arguments.at(0) = c10::Argument("self", root.type());
  function->setSchema(c10::FunctionSchema("forward", "", std::move(arguments), schema.returns()));
  root.type()->addMethod(function);
}

jit::Module made(const SplitModule& split) {
  ModuleBuilder builder(split.program.structure->module);
  define_checks(builder.root());
  GraphWriter writer(split, builder);
  const std::shared_ptr<jit::Graph> graph = writer.write();
  for (size_t i = 0; i < split.parts.size(); ++i) {
    jit::Module part = builder.root().attr(builder.name_of_part(i)).toModule();
    define_nnapi_part(part, split.parts[i], split.program.trace);
  }
  add_forward(builder, graph, split.program.structure->module.get_method("forward").function().getSchema());
  return builder.root();
}

Expected<void> save(const jit::Module& module, bool for_mobile, const std::string& path) {
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  std::optional<Error> failure;
  const auto write = [&](const void* data, size_t size) {
    if (Expected<void> written = file->write(data, size); !written && !failure) failure = written.error();
    return size;
  };
  jit::ExportModule(module, write, {}, for_mobile, for_mobile);
  if (failure) return *failure;
  return file->commit();
}

}  // namespace

Expected<void> write_split_module(const SplitModule& module, const SplitWriting& writing, const std::string& path) {
  prepare_libtorch();
  try {
    return save(made(module), writing.for_mobile, path);
  } catch (const CannotWrite& reason) {
    return Error{ErrorKind::unsupported, "the model can't be written again: " + reason.message};
  } catch (const c10::Error& exception) {
    return Error{ErrorKind::unsupported, "LibTorch can't write the module: " + first_line(exception)};
  }
}

Expected<void> provide_nnapi(const std::string& library) {
  const auto failure = [&](const std::string& why) {
    return Error{ErrorKind::nnapi, "cannot use the NNAPI library " + library + ": " + why};
  };
  // Kept until the process ends. dlopen() finds a library that is loaded already by the name that it gives itself.
  if (::dlopen(library.c_str(), RTLD_NOW) == nullptr) return failure(::dlerror());
  if (::dlopen("libneuralnetworks.so", RTLD_NOW | RTLD_NOLOAD) == nullptr)
    return failure("its name for other programs (SONAME) is not libneuralnetworks.so, which PyTorch looks for");
  return {};
}

}  // namespace passerelle::torchscript
