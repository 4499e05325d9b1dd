// Each operator of a quantized model by itself: fed LibTorch's own inputs of that place, its file must come within one
// step of LibTorch's result (floats: within 1e-4 of the range).
//
//   check_operators MODEL.pt FEATURE_LEVEL INPUT...        an INPUT is a .npy file, or a shape as in 1x3x224x224
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "passerelle/blob/write.h"
#include "passerelle/lowering/lower.h"
#include "passerelle/passes/pipeline.h"
#include "passerelle/torchscript/model.h"
#include "passerelle/torchscript/replay.h"
#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/comparison.h"
#include "paths.h"

namespace passerelle::tests {
namespace {

using graph::HostTensor;
using trace::Node;
using trace::TensorId;
using trace::Trace;
using trace::Value;

template <typename T>
T unwrap(Expected<T> expected) {
  if (!expected) throw std::runtime_error(expected.error().message);
  return *std::move(expected);
}

template <typename Visit>
void for_each_tensor(const Value& value, const Visit& visit) {
  if (const TensorId* id = value.tensor()) visit(*id);
  if (const std::vector<Value>* list = value.list())
    for (const Value& element : *list) for_each_tensor(element, visit);
}

torchscript::InputSpec specification(const std::string& text) {
  torchscript::InputSpec spec;
  if (text.size() > 4 && text.substr(text.size() - 4) == ".npy") {
    spec.values = unwrap(graph::read_npy(text));
    return spec;
  }
  spec.shape.emplace();
  std::stringstream sizes(text);
  for (std::string size; std::getline(sizes, size, 'x');) spec.shape->push_back(std::stoll(size));
  return spec;
}

struct Single {
  Trace trace;
  std::vector<TensorId> inputs, outputs;
};

/// The trace of one node, whose inputs are the tensors that depend on data.
Single single(const Trace& trace, const Node& node) {
  Single result{trace, {}, {}};
  result.trace.nodes = {node};
  result.trace.inputs.clear();
  result.trace.outputs.clear();
  result.trace.diagnostics.clear();
  std::set<TensorId> seen;
  for (const auto& argument : node.arguments)
    for_each_tensor(argument.second, [&](TensorId id) {
      if (trace[id].constant || !seen.insert(id).second) return;
      result.trace.inputs.push_back({"input" + std::to_string(result.inputs.size()), id, false});
      result.inputs.push_back(id);
    });
  for (const Value& value : node.results)
    for_each_tensor(value, [&](TensorId id) {
      result.trace.outputs.push_back({"output" + std::to_string(result.outputs.size()), id, false});
      result.outputs.push_back(id);
    });
  return result;
}

bool exceeds_rank(const Single& only) {
  constexpr size_t most = 4;
  bool exceeds = false;
  for (const std::vector<TensorId>& ids : {only.inputs, only.outputs})
    for (TensorId id : ids) exceeds = exceeds || only.trace[id].shape.size() > most;
  return exceeds;
}

class Checker {
 public:
  Checker(int level, std::string file) : level_(level), file_(std::move(file)) {}

  void check(const Trace& trace, const Node& node, const std::map<TensorId, HostTensor>& values) {
    // A channel shuffle's steps have more dimensions than NNAPI: together they are one operation.
    const Single only = single(trace, node);
    if (exceeds_rank(only)) return;
    const std::string place = node.op + " " + trace.origins[node.origin].module_path;
    lowering::Lowered lowered = lowering::lower(only.trace);
    std::vector<graph::Diagnostic> refused = lowered.diagnostics;
    if (refused.empty()) refused = passes::run(lowered.module, {level_});
    if (!refused.empty()) return fail(place + " is refused: " + refused.front().message);
    blob::WriteOptions options;
    options.feature_level = level_;
    unwrap(blob::write(lowered.module, options, file_));
    std::vector<HostTensor> inputs;
    for (TensorId id : only.inputs) inputs.push_back(values.at(id));
    const std::vector<HostTensor> results =
        unwrap(unwrap(verify::BlobRunner::open(file_))
                   .run(testing::binary_directory() + std::string("/lib/libneuralnetworks.so"), inputs));
    for (size_t i = 0; i < results.size(); ++i) compare(place, values.at(only.outputs[i]), results[i]);
  }

  int report() const {
    std::printf("%zu results compared, %zu are equal, largest difference %g steps; %zu failures\n", compared_, equal_,
                largest_, failures_);
    return failures_ == 0 && compared_ > 0 ? 0 : 1;
  }

 private:
  void fail(const std::string& why) {
    std::printf("FAILED: %s\n", why.c_str());
    ++failures_;
  }

  void compare(const std::string& place, const HostTensor& reference, const HostTensor& actual) {
    const verify::Comparison comparison = verify::compare(reference, actual, {});
    ++compared_;
    if (comparison.max_difference == 0) ++equal_;
    if (graph::is_quantized(reference.type)) largest_ = std::max(largest_, comparison.max_difference);
    if (comparison.passed) return;
    fail(place + " differs by " + std::to_string(comparison.max_difference) + " at element " +
         std::to_string(comparison.worst_element) + ": " + std::to_string(comparison.actual_value) + " instead of " +
         std::to_string(comparison.reference_value));
  }

  int level_;
  std::string file_;
  size_t compared_ = 0, equal_ = 0, failures_ = 0;
  double largest_ = 0;
};

int run(int count, char** arguments) {
  if (count < 3) throw std::runtime_error("usage: check_operators MODEL.pt FEATURE_LEVEL INPUT...");
  const torchscript::Model model = unwrap(torchscript::Model::load(arguments[1]));
  std::vector<torchscript::InputSpec> specs;
  for (int i = 3; i < count; ++i) specs.push_back(specification(arguments[i]));
  const Trace trace = unwrap(model.trace(specs));
  const std::vector<HostTensor> inputs = unwrap(model.example_inputs(specs));

  std::vector<TensorId> wanted;
  for (uint32_t i = 0; i < trace.tensors.size(); ++i)
    if (!trace.tensors[i].constant) wanted.push_back(TensorId{i});
  const std::vector<HostTensor> replayed = unwrap(torchscript::replay(trace, inputs, wanted));
  std::map<TensorId, HostTensor> values;
  for (size_t i = 0; i < wanted.size(); ++i) values.emplace(wanted[i], replayed[i]);

  const std::string file =
      (std::filesystem::temp_directory_path() / ("passerelle_operator_" + std::to_string(::getpid()) + ".nnapi"))
          .string();
  Checker checker(std::stoi(arguments[2]), file);
  for (const Node& node : trace.nodes) checker.check(trace, node, values);
  std::filesystem::remove(file);
  return checker.report();
}

}  // namespace
}  // namespace passerelle::tests

int main(int count, char** arguments) {
  try {
    return passerelle::tests::run(count, arguments);
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
    return 1;
  }
}
