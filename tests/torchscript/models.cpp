#include "models.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "foreign/operators.h"
#include "passerelle/torchscript/replay.h"
#include "paths.h"
#include "temporary.h"
#include "zip.h"

namespace passerelle::torchscript::testing {
namespace {

namespace fs = std::filesystem;

void check_value(const Trace& trace, const Value& value, std::vector<bool>& made, bool makes) {
  if (const TensorId* id = value.tensor()) {
    const auto index = static_cast<uint32_t>(*id);
    REQUIRE(index < trace.tensors.size());
    if (makes) {
      CHECK_FALSE(made[index]);
      CHECK(trace.tensors[index].dependence == Dependence::data);
      made[index] = true;
    } else {
      CHECK((made[index] || trace.tensors[index].dependence != Dependence::data));
    }
  }
  if (const std::vector<Value>* elements = value.list())
    for (const Value& element : *elements) check_value(trace, element, made, makes);
}

void check_nodes(const Trace& trace, const std::vector<Node>& nodes, std::vector<bool>& made) {
  for (const Node& node : nodes) {
    CHECK(node.op.back() != '_');
    REQUIRE(node.origin < trace.origins.size());
    for (const auto& [name, argument] : node.arguments) check_value(trace, argument, made, false);
    for (const trace::Region& region : node.regions) {
      std::vector<bool> inside = made;  // what a region makes is not there outside
      for (TensorId id : region.inputs) check_value(trace, {id}, inside, true);
      check_nodes(trace, region.nodes, inside);
      for (TensorId id : region.outputs) check_value(trace, {id}, inside, false);
    }
    const bool is_branch = node.op == "prim::If", is_loop = node.op == "prim::Loop";
    CHECK(node.regions.size() == (is_branch ? 2 : is_loop ? 1 : 0));
    for (const trace::Region& region : node.regions) CHECK(region.outputs.size() == node.results.size() + is_loop);
    for (const Value& result : node.results) check_value(trace, result, made, true);
  }
}

// In single assignment; constants have values.
void check_well_formed(const Trace& trace) {
  std::vector<bool> made(trace.tensors.size(), false);
  for (const Port& input : trace.inputs) made[static_cast<uint32_t>(input.tensor)] = true;
  check_nodes(trace, trace.nodes, made);
  for (const Port& output : trace.outputs) check_value(trace, {output.tensor}, made, false);
  for (const Tensor& tensor : trace.tensors)
    if (tensor.dependence != Dependence::data) {
      REQUIRE(tensor.constant);
      CHECK(tensor.constant->shape() == graph::Shape(tensor.shape.begin(), tensor.shape.end()));
    }
}

void check_equal(const graph::HostTensor& actual, const graph::HostTensor& expected) {
  REQUIRE(actual.type == expected.type);
  REQUIRE(actual.shape == expected.shape);
  REQUIRE(actual.bytes.size() == expected.bytes.size());
  if (actual.bytes == expected.bytes || actual.type != graph::ElementType::float32) {
    CHECK(actual.bytes == expected.bytes);
    return;
  }
  // Another order of memory may pick another kernel; nothing else may differ.
  CHECK(are_close(actual, expected, 1e-6f));
}

}  // namespace

bool are_close(const graph::HostTensor& actual, const graph::HostTensor& expected, float tolerance) {
  const size_t count = graph::element_count(expected.shape);
  const float* const a = actual.as<float>();
  const float* const b = expected.as<float>();
  float largest = 0;
  for (size_t i = 0; i < count; ++i)
    if (std::isfinite(b[i])) largest = std::max(largest, std::abs(b[i]));
  // Asked of each by itself: a maximum passes over what is not a number.
  for (size_t i = 0; i < count; ++i)
    if (a[i] != b[i] && !(std::isnan(a[i]) && std::isnan(b[i])) && !(std::abs(a[i] - b[i]) <= tolerance * largest))
      return false;
  return true;
}

std::string temporary_file(const std::string& name) {
  static const passerelle::testing::TemporaryFolder folder;
  return folder / name;
}

std::string saved_model(const std::string& source, const Setup& setup) {
  static int count = 0;
  torch::jit::Module module("TestModule");
  if (setup) setup(module);
  register_operators_of_releases(operators_named_in(source));
  module.define(source);
  const std::string path = temporary_file("model" + std::to_string(count++) + ".pt");
  module.save(path);
  return path;
}

std::string written(const std::string& name, const std::string& bytes) {
  const std::string path = temporary_file(name);
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string archive_of(const std::string& name, const std::string& code, const std::string& state) {
  return written(name, zip({{"m/data.pkl",
                             "\x80\x02"
                             "c__torch__\nM\nq\x01)\x81" +
                                 state + "b."},
                            {"m/constants.pkl", "\x80\x02)."},
                            {"m/code/__torch__.py", code},
                            {"m/version", "3\n"}}));
}

Model model_of(const std::string& source, const Setup& setup) {
  const std::string path = saved_model(source, setup);
  Expected<Model> model = Model::load(path);
  fs::remove(path);
  if (!model) FAIL(model.error().message);
  return *std::move(model);
}

InputSpec shape(std::vector<int64_t> sizes, std::string name) {
  InputSpec spec;
  spec.shape = std::move(sizes);
  spec.name = std::move(name);
  return spec;
}

InputSpec typed(std::vector<int64_t> sizes, graph::ElementType type) {
  InputSpec spec = shape(std::move(sizes));
  spec.type = type;
  return spec;
}

InputSpec floats(std::vector<int64_t> sizes, std::vector<float> values) {
  InputSpec spec;
  graph::HostTensor tensor;
  tensor.shape.assign(sizes.begin(), sizes.end());
  tensor.bytes.resize(values.size() * sizeof(float));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  spec.values = std::move(tensor);
  return spec;
}

InputSpec number(std::variant<std::monostate, int64_t, double, bool> value, std::string name) {
  InputSpec spec;
  spec.number = value;
  spec.name = std::move(name);
  return spec;
}

Trace any_trace(const Model& model, const std::vector<InputSpec>& specs, const Budget& budget) {
  Expected<Trace> trace = model.trace(specs, budget);
  if (!trace) FAIL(trace.error().message);
  return *std::move(trace);
}

Trace faithful_trace(const Model& model, const std::vector<InputSpec>& specs) {
  Trace trace = any_trace(model, specs);
  INFO(to_text(trace));
  REQUIRE(trace.diagnostics.empty());
  check_well_formed(trace);
  const auto inputs = model.example_inputs(specs);
  REQUIRE(inputs);
  const auto expected = model.run(specs, *inputs);
  if (!expected) FAIL(expected.error().message);
  const auto actual = replay(trace, *inputs);
  if (!actual) FAIL(actual.error().message);
  REQUIRE(actual->size() == expected->size());
  for (size_t i = 0; i < actual->size(); ++i) check_equal((*actual)[i], (*expected)[i]);
  return trace;
}

std::string operators(const Trace& trace) {
  std::string text;
  for (const Node& node : trace.nodes) text += (text.empty() ? "" : " ") + node.op;
  return text;
}

std::string reasons(const Trace& trace) {
  std::string text;
  for (const graph::Diagnostic& diagnostic : trace.diagnostics)
    text += (text.empty() ? "" : " ") + std::string(graph::name(diagnostic.reason));
  return text;
}

std::string shared_folder() {
  const char* from_environment = std::getenv("PASSERELLE_SHARED");
  const std::string folder = from_environment != nullptr
                                 ? from_environment
                                 : std::string(passerelle::testing::source_directory()) + "/../shared";
  return fs::is_directory(folder + "/models") ? folder : std::string();
}

}  // namespace passerelle::torchscript::testing
