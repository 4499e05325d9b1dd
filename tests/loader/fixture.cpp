#include "fixture.h"

#include <dlfcn.h>

#include "catch.h"
#include "passerelle/blob/write.h"
#include "paths.h"

namespace passerelle::loader_test {

std::string library_path(const std::string& level) {
  return std::string(testing::binary_directory()) + "/lib/stand_in_" + level + ".so";
}

StandIn& fresh_stand_in(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) FAIL(dlerror());
  auto* function = reinterpret_cast<StandIn* (*)()>(dlsym(handle, "stand_in"));
  REQUIRE(function);
  dlclose(handle);
  function()->reset();
  return *function();
}

graph::Module image_graph(graph::Layout caller, graph::Layout nnapi) {
  const graph::Shape shape{2, 3, 4, 5};
  const graph::Shape operand_shape = nnapi == graph::Layout::channels_last ? graph::Shape{2, 4, 5, 3} : shape;
  graph::Module module;
  graph::Graph& graph = module.main();
  graph::Port in, out;
  const graph::OperandId x = graph.add_operand({graph::OperandType::TENSOR_FLOAT32, operand_shape, {}});
  const graph::OperandId y = graph.add_operand({graph::OperandType::TENSOR_FLOAT32, operand_shape, {}});
  in.name = "picture";
  out.name = "output0";
  in.shape = out.shape = shape;
  in.caller_layout = out.caller_layout = caller;
  in.nnapi_layout = out.nnapi_layout = nnapi;
  graph::Operation operation;
  operation.type = graph::OperationType::RELU;
  operation.arguments = {x};
  operation.outputs = {y};
  graph.operations.push_back(operation);
  module.add_input(x, in);
  module.add_output(y, out);
  return module;
}

std::vector<unsigned char> file_of(const graph::Module& module, int feature_level) {
  blob::WriteOptions options;
  options.producer = "test";
  options.feature_level = feature_level;
  auto bytes = blob::write(module, options);
  if (!bytes) FAIL(bytes.error().message);
  return *std::move(bytes);
}

loader::Model open_model(const std::vector<unsigned char>& bytes) {
  loader::Error error;
  loader::Model model = loader::Model::open(bytes.data(), bytes.size(), error);
  if (!model) FAIL(error.message());
  return model;
}

loader::Nnapi open_nnapi(const std::string& path) {
  loader::Error error;
  loader::Nnapi nnapi = loader::Nnapi::open(path.c_str(), error);
  if (!nnapi) FAIL(error.message());
  return nnapi;
}

}  // namespace passerelle::loader_test
