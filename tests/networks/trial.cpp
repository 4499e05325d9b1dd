#include "trial.h"

#include <stdexcept>

#include "../lowering/module.h"
#include "evaluator.h"
#include "passerelle/blob/write.h"
#include "passerelle/converter/convert.h"
#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/comparison.h"
#include "paths.h"
#include "temporary.h"

namespace passerelle::tests {
namespace {

using graph::HostTensor;
using torchscript::InputSpec;

template <typename Value>
Value required(Expected<Value> value) {
  if (!value) throw std::runtime_error(value.error().message);
  return *std::move(value);
}

std::vector<InputSpec> specifications(const Case& test, const Target& target) {
  std::vector<InputSpec> specifications;
  for (const Tensor& input : test.inputs) {
    InputSpec specification;
    specification.name = input.name;
    specification.values = values_of(input);
    specification.channels_last =
        target.inputs_channels_last && input.shape.size() == 4 && input.type == ElementType::float32;
    specifications.push_back(std::move(specification));
  }
  return specifications;
}

Outcome refusal(const std::vector<graph::Diagnostic>& diagnostics) {
  Outcome outcome{Verdict::refused, {}, {}};
  for (const graph::Diagnostic& diagnostic : diagnostics) {
    outcome.text += diagnostic.op + ": " + diagnostic.message + "\n";
    outcome.operators.push_back(diagnostic.op);
  }
  return outcome;
}

std::string difference(const std::vector<HostTensor>& actual, const std::vector<HostTensor>& expected) {
  if (actual.size() != expected.size()) return "there are " + std::to_string(actual.size()) + " outputs";
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::string output = "output " + std::to_string(i) + " ";
    if (actual[i].shape != expected[i].shape || actual[i].type != expected[i].type)
      return output + "has another shape or type";
    const verify::Comparison found = verify::compare(expected[i], actual[i], {network_tolerance, 0, 0});
    if (found.passed) continue;
    return output + "differs by " + python(found.max_difference) + " in element " +
           std::to_string(found.worst_element) + ": " + python(found.actual_value) + " instead of " +
           python(found.reference_value) + ", in a range of " + python(found.range);
  }
  return {};
}

/// Floats of rank 4 alone are transposed by NNAPI.
std::map<size_t, graph::Layout> output_layouts(const std::vector<HostTensor>& outputs, const Target& target) {
  std::map<size_t, graph::Layout> layouts;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (target.outputs_channels_last && outputs[i].shape.size() == 4 && outputs[i].type == ElementType::float32)
      layouts[i] = graph::Layout::channels_last;
  return layouts;
}

Outcome convert_and_compare(const Network& network, const Target& target) {
  const testing::TemporaryFolder folder;
  const Case test = to_case(network);
  save_module(test, folder / "network.pt");
  const torchscript::Model model = required(torchscript::Model::load(folder / "network.pt"));
  converter::Options options;
  options.inputs = specifications(test, target);
  options.target.feature_level = target.feature_level;
  std::vector<HostTensor> inputs;
  for (const InputSpec& input : options.inputs) inputs.push_back(*input.values);
  const std::vector<HostTensor> expected = required(model.run(options.inputs, inputs));
  options.output_layouts = output_layouts(expected, target);

  const converter::Converted converted = required(converter::convert(model, options));
  if (!converted.diagnostics.empty()) return refusal(converted.diagnostics);
  blob::WriteOptions write_options;
  write_options.producer = "test_networks";
  write_options.feature_level = target.feature_level;
  write_options.window_limit = 1024;  // several windows, in small networks too
  required(blob::write(converted.module, write_options, folder / "network.nnapi"));
  const verify::BlobRunner runner = required(verify::BlobRunner::open(folder / "network.nnapi"));
  const std::string host = std::string(testing::binary_directory()) + "/lib/libneuralnetworks.so";
  const std::string why = difference(required(runner.run(host, inputs)), expected);
  if (why.empty()) return {};
  return {Verdict::fails, why + "\n" + graph::to_text(converted.module), {}};
}

}  // namespace

std::string to_text(const Target& target) {
  return "feature level " + std::to_string(target.feature_level) +
         (target.inputs_channels_last ? ", inputs as NHWC" : "") +
         (target.outputs_channels_last ? ", outputs as NHWC" : "");
}

Outcome attempt(const Network& network, const Target& target) {
  try {
    return convert_and_compare(network, target);
  } catch (const std::exception& error) {
    return {Verdict::fails, error.what(), {}};
  }
}

}  // namespace passerelle::tests
