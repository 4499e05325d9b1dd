#include "executor.h"

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "catch.h"
#include "legality.h"
#include "passerelle/blob/write.h"
#include "passerelle/loader/passerelle.hpp"
#include "passerelle/passes/pipeline.h"
#include "passes.h"
#include "paths.h"

namespace passerelle::tests {
namespace {

const loader::Nnapi& host_nnapi() {
  static const loader::Nnapi nnapi = [] {
    loader::Error error;
    loader::Nnapi opened =
        loader::Nnapi::open((std::string(testing::binary_directory()) + "/lib/libneuralnetworks.so").c_str(), error);
    INFO(error.message());
    REQUIRE(opened);
    return opened;
  }();
  return nnapi;
}

std::vector<Floats> run_written(const graph::Module& module, int feature_level, const std::vector<Floats>& inputs) {
  blob::WriteOptions options;
  options.feature_level = feature_level;
  Expected<std::vector<unsigned char>> file = blob::write(module, options);
  if (!file) FAIL(file.error().message);
  loader::Error error;
  loader::Model model = loader::Model::open(file->data(), file->size(), error);
  INFO(to_text(module));
  INFO(error.message());
  REQUIRE(model);
  loader::Compilation compilation = loader::Compilation::make(model, host_nnapi(), {}, error);
  if (!compilation) FAIL(error.message());
  std::vector<loader::Input> buffers;
  for (const Floats& input : inputs) buffers.push_back({input.data(), input.size() * sizeof(float)});
  std::vector<Floats> outputs;
  std::vector<loader::Output> results;
  for (const graph::Port& port : module.ports.outputs) outputs.emplace_back(graph::element_count(port.shape));
  for (Floats& output : outputs) results.push_back({output.data(), output.size() * sizeof(float)});
  bool ran = compilation.run(buffers, results, error);
  if (!ran) FAIL(error.message());
  return outputs;
}

/// The host NNAPI claims a lower level for as long as this lives.
class OldPhone {
 public:
  explicit OldPhone(int feature_level) { setenv(variable, std::to_string(feature_level).c_str(), 1); }
  ~OldPhone() { unsetenv(variable); }
  OldPhone(const OldPhone&) = delete;
  OldPhone& operator=(const OldPhone&) = delete;

 private:
  static constexpr const char* variable = "PASSERELLE_HOSTNN_FEATURE_LEVEL";
};

void require_none(const std::vector<graph::Diagnostic>& diagnostics) {
  for (const graph::Diagnostic& diagnostic : diagnostics) FAIL(diagnostic.op + ": " + diagnostic.message);
}

}  // namespace

std::vector<Floats> random_inputs(const graph::Module& module, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(-2, 2);
  std::vector<Floats> inputs;
  for (const graph::Port& port : module.ports.inputs) {
    inputs.emplace_back(graph::element_count(port.shape));
    for (float& value : inputs.back()) {
      value = values(random);
      if (port.element_type != graph::ElementType::int32) continue;
      const auto whole = static_cast<int32_t>((value + 2) * 1.5f);  // 0 to 5, as the same four bytes
      std::memcpy(&value, &whole, sizeof(value));
    }
  }
  return inputs;
}

std::vector<Floats> execute(graph::Module module, const std::vector<Floats>& inputs) {
  passes::Target highest{nnapi::highest_feature_level};
  passes::separate_ports(module);
  require_none(passes::finalise(module, highest));
  return run_written(module, highest.feature_level, inputs);
}

Attempt attempt_at(graph::Module module, int feature_level, const std::vector<Floats>& inputs) {
  Attempt attempt;
  attempt.diagnostics = passes::run(module, {feature_level});
  if (!attempt.diagnostics.empty()) return attempt;
  for (const graph::Operation& operation : module.main().operations) {
    const nnapi::Legality legal = passes::legality(module.main(), operation);
    INFO(nnapi::name(*operation.type) << ": " << legal.reason);
    REQUIRE(legal.level >= nnapi::lowest_feature_level);
    REQUIRE(legal.level <= feature_level);
  }
  const OldPhone phone(feature_level);
  attempt.outputs = run_written(module, feature_level, inputs);
  return attempt;
}

}  // namespace passerelle::tests
