#include "harness.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "catch.h"
#include "levels.h"
#include "many_values.h"
#include "module.h"
#include "passerelle/blob/write.h"
#include "passerelle/converter/convert.h"
#include "passerelle/graph/half.h"
#include "passerelle/loader/passerelle.hpp"
#include "passerelle/lowering/lower.h"
#include "passerelle/passes/pipeline.h"
#include "passerelle/torchscript/model.h"
#include "paths.h"
#include "temporary.h"

using Catch::Matchers::ContainsSubstring;

namespace passerelle::tests {
namespace {

using graph::HostTensor;
using torchscript::InputSpec;

torchscript::Model load(const Case& test) {
  const testing::TemporaryFolder folder;
  save_module(test, folder / "model.pt");
  Expected<torchscript::Model> model = torchscript::Model::load(folder / "model.pt");
  if (!model) throw std::runtime_error(model.error().message);
  return *std::move(model);
}

/// NNAPI transposes no integers and bools: those are handed over as they are.
bool is_image(const Tensor& input) {
  return input.shape.size() == 4 && (input.type == ElementType::float32 || graph::is_quantized(input.type));
}

std::vector<InputSpec> specifications(const Case& test, bool channels_last) {
  std::vector<InputSpec> specifications;
  for (const Tensor& input : test.inputs) {
    InputSpec specification;
    specification.name = input.name;
    specification.values = values_of(input);
    specification.channels_last = channels_last && is_image(input);
    specifications.push_back(std::move(specification));
  }
  return specifications;
}

lowering::Lowered lower(const torchscript::Model& model, const std::vector<InputSpec>& specifications) {
  Expected<trace::Trace> trace = model.trace(specifications);
  if (!trace) throw std::runtime_error(trace.error().message);
  return lowering::lower(*trace);
}

std::string text_of(const std::vector<graph::Diagnostic>& diagnostics) {
  std::string text;
  for (const graph::Diagnostic& diagnostic : diagnostics)
    text += std::string(graph::name(diagnostic.reason)) + ": " + diagnostic.op + ": " + diagnostic.message + "\n";
  return text;
}

// --- Running.

const loader::Nnapi& host_nnapi() {
  static const loader::Nnapi nnapi = [] {
    loader::Error error;
    loader::Nnapi opened =
        loader::Nnapi::open((std::string(testing::binary_directory()) + "/lib/libneuralnetworks.so").c_str(), error);
    if (!opened) throw std::runtime_error(error.message());
    return opened;
  }();
  return nnapi;
}

std::vector<double> as_doubles(const void* data, int32_t type, size_t count) {
  std::vector<double> values(count);
  auto convert = [&](auto* typed) { std::copy(typed, typed + count, values.begin()); };
  switch (type) {
    case PASSERELLE_FLOAT32: convert(static_cast<const float*>(data)); break;
    case PASSERELLE_FLOAT64: convert(static_cast<const double*>(data)); break;
    case PASSERELLE_FLOAT16:
      for (size_t i = 0; i < count; ++i) values[i] = graph::half_to_float(static_cast<const uint16_t*>(data)[i]);
      break;
    case PASSERELLE_BFLOAT16:
      for (size_t i = 0; i < count; ++i) values[i] = graph::bfloat16_to_float(static_cast<const uint16_t*>(data)[i]);
      break;
    case PASSERELLE_INT32: convert(static_cast<const int32_t*>(data)); break;
    case PASSERELLE_INT64: convert(static_cast<const int64_t*>(data)); break;
    case PASSERELLE_UINT8:
    case PASSERELLE_QUINT8:
    case PASSERELLE_BOOL: convert(static_cast<const uint8_t*>(data)); break;
    case PASSERELLE_INT8:
    case PASSERELLE_QINT8: convert(static_cast<const int8_t*>(data)); break;
    default: throw std::runtime_error("tests compare no tensors of this type");
  }
  return values;
}

passerelle_dtype dtype_of(ElementType type) {
  switch (type) {
    case ElementType::float32: return PASSERELLE_FLOAT32;
    case ElementType::float64: return PASSERELLE_FLOAT64;
    case ElementType::float16: return PASSERELLE_FLOAT16;
    case ElementType::bfloat16: return PASSERELLE_BFLOAT16;
    case ElementType::int32: return PASSERELLE_INT32;
    case ElementType::int64: return PASSERELLE_INT64;
    case ElementType::uint8: return PASSERELLE_UINT8;
    case ElementType::int8: return PASSERELLE_INT8;
    case ElementType::quint8: return PASSERELLE_QUINT8;
    case ElementType::qint8: return PASSERELLE_QINT8;
    case ElementType::bool8: return PASSERELLE_BOOL;
    default: throw std::runtime_error("tests compare no tensors of this type");
  }
}

std::vector<double> as_doubles(const HostTensor& tensor) {
  return as_doubles(tensor.bytes.data(), dtype_of(tensor.type), graph::element_count(tensor.shape));
}

std::vector<unsigned char> as_bytes(const std::vector<double>& values, int32_t type) {
  std::vector<unsigned char> bytes;
  auto convert = [&](auto zero) {
    using Element = decltype(zero);
    bytes.resize(values.size() * sizeof(Element));
    for (size_t i = 0; i < values.size(); ++i)
      reinterpret_cast<Element*>(bytes.data())[i] = static_cast<Element>(values[i]);
  };
  switch (type) {
    case PASSERELLE_FLOAT32: convert(float{}); break;
    case PASSERELLE_FLOAT16:
      bytes.resize(values.size() * 2);
      for (size_t i = 0; i < values.size(); ++i)
        reinterpret_cast<uint16_t*>(bytes.data())[i] = graph::half_from_float(static_cast<float>(values[i]));
      break;
    case PASSERELLE_INT32: convert(int32_t{}); break;
    case PASSERELLE_QUINT8:
    case PASSERELLE_BOOL: convert(uint8_t{}); break;
    case PASSERELLE_QINT8: convert(int8_t{}); break;
    default: throw std::runtime_error("the loader takes no buffers of this type");
  }
  return bytes;
}

std::vector<double> to_channels_last(const std::vector<double>& values, const graph::Shape& shape) {
  std::vector<double> moved(values.size());
  const size_t pixels = size_t{shape[2]} * shape[3];
  for (size_t n = 0; n < shape[0]; ++n)
    for (size_t c = 0; c < shape[1]; ++c)
      for (size_t p = 0; p < pixels; ++p)
        moved[(n * pixels + p) * shape[1] + c] = values[(n * shape[1] + c) * pixels + p];
  return moved;
}

/// Below level 4 NNAPI takes a signed tensor's integers unsigned.
int shift_of(const passerelle_port_info& port) {
  return port.dtype == PASSERELLE_QINT8 && port.buffer_dtype == PASSERELLE_QUINT8 ? 128 : 0;
}

/// Through the loader and the host NNAPI: one list of values an output, in PyTorch's order.
std::vector<std::vector<double>> run(const std::vector<unsigned char>& blob, const std::vector<InputSpec>& inputs) {
  loader::Error error;
  const loader::Model model = loader::Model::open(blob.data(), blob.size(), error);
  if (!model) throw std::runtime_error(error.message());
  const loader::Compilation compilation = loader::Compilation::make(model, host_nnapi(), {}, error);
  if (!compilation) throw std::runtime_error(error.message());

  std::vector<std::vector<unsigned char>> buffers;
  std::vector<loader::Input> given;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    std::vector<double> values = as_doubles(*inputs[i].values);
    if (inputs[i].channels_last) values = to_channels_last(values, inputs[i].values->shape);
    for (double& value : values) value += shift_of(model.input(i));
    buffers.push_back(as_bytes(values, model.input(i).buffer_dtype));
    given.push_back({buffers.back().data(), buffers.back().size()});
  }
  const std::vector<passerelle_port_info> ports = model.outputs();
  std::vector<std::vector<unsigned char>> results;
  std::vector<loader::Output> taken;
  for (const passerelle_port_info& port : ports) {
    results.emplace_back(port.byte_size);
    taken.push_back({results.back().data(), results.back().size()});
  }
  if (!compilation.run(given, taken, error)) throw std::runtime_error(error.message());

  std::vector<std::vector<double>> values;
  for (size_t i = 0; i < ports.size(); ++i) {
    const graph::Shape shape(ports[i].buffer_shape, ports[i].buffer_shape + ports[i].rank);
    values.push_back(as_doubles(results[i].data(), ports[i].buffer_dtype, graph::element_count(shape)));
    for (double& value : values.back()) value -= shift_of(ports[i]);
  }
  return values;
}

// --- Comparing.

/// Empty where they agree. Integers of quantized tensors may differ by one step.
std::string difference_in_steps(const std::vector<double>& actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return "it has " + std::to_string(actual.size()) + " elements";
  for (size_t i = 0; i < expected.size(); ++i)
    if (std::abs(actual[i] - expected[i]) > 1)
      return "element " + std::to_string(i) + " is " + std::to_string(static_cast<int>(actual[i])) + " instead of " +
             std::to_string(static_cast<int>(expected[i]));
  return {};
}

/// Empty where they agree.
std::string difference(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance) {
  if (actual.size() != expected.size()) return "it has " + std::to_string(actual.size()) + " elements";
  double low = INFINITY, high = -INFINITY;
  for (double value : expected)
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  const double largest = std::max(std::abs(low), std::abs(high));
  const double range = high > low ? high - low : std::isfinite(largest) && largest > 0 ? largest : 1;
  for (size_t i = 0; i < expected.size(); ++i) {
    const bool same = actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i]));
    if (same || std::abs(actual[i] - expected[i]) <= tolerance * range) continue;
    std::ostringstream text;
    text.precision(9);
    text << "element " << i << " is " << actual[i] << " instead of " << expected[i] << " (range " << range << ")";
    return text.str();
  }
  return {};
}

std::string compare(const std::vector<std::vector<double>>& actual, const std::vector<HostTensor>& expected,
                    double tolerance) {
  if (actual.size() != expected.size()) return "there are " + std::to_string(actual.size()) + " outputs";
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::vector<double> wanted = as_doubles(expected[i]);
    const std::string text = graph::is_quantized(expected[i].type) ? difference_in_steps(actual[i], wanted)
                                                                   : difference(actual[i], wanted, tolerance);
    if (!text.empty()) return "output " + std::to_string(i) + ": " + text;
  }
  return {};
}

std::string describe(const Case& test, bool channels_last) {
  std::string text = test.body + "\n";
  for (const Tensor& input : test.inputs) text += "  " + input.name + ": " + list(input.shape) + "\n";
  for (const Tensor& attribute : test.attributes)
    text += "  self." + attribute.name + ": " + list(attribute.shape) + "\n";
  return text + (channels_last ? "  images as NHWC\n" : "");
}

/// What was made for an operator says which, whatever the passes have made of it: only the border's own steps have
/// none.
bool has_provenance(const graph::Module& module, const std::vector<graph::Diagnostic>& refused) {
  const auto is_known = [&](const graph::Origin& origin) {
    return origin.node || origin.op == "input" || origin.op == "output" || origin.op == "reshape";
  };
  const auto says_so = [&](const graph::Graph& graph) {
    return std::all_of(graph.operations.begin(), graph.operations.end(),
                       [&](const graph::Operation& each) { return is_known(module.origins.at(each.origin)); });
  };
  return std::all_of(module.graphs.begin(), module.graphs.end(), says_so) &&
         std::all_of(refused.begin(), refused.end(), [&](const graph::Diagnostic& each) {
           return is_known(each.origin) && each.nodes.empty() == !each.origin.node;
         });
}

/// Empty where the case does what it should at this level.
std::string failure_at(const Case& test, int level, const std::vector<InputSpec>& inputs, graph::Module module,
                       const std::vector<HostTensor>& expected) {
  const std::string lowered = graph::to_text(module);
  const std::vector<graph::Diagnostic> refused = passes::run(module, {level});
  if (!has_provenance(module, refused))
    return "an operation does not say what it was made for\n" + graph::to_text(module);
  if (level < test.lowest_level && !refused.empty()) return {};
  // Which of the lowest levels take a quantized operator depends on layout: what they take must be right.
  constexpr int all_layouts = 3;
  if (level < test.lowest_level && level >= all_layouts) return "it is not refused at level " + std::to_string(level);
  std::string text = text_of(refused);
  for (size_t i = 0; i < module.ports.outputs.size() && i < expected.size(); ++i)
    if (module.ports.outputs[i].element_type != expected[i].type)
      text += "output " + std::to_string(i) + " is " + std::string(graph::name(module.ports.outputs[i].element_type)) +
              " instead of " + std::string(graph::name(expected[i].type)) + "\n";
  if (!text.empty()) return text + "lowered:\n" + lowered + "finished:\n" + graph::to_text(module);
  try {
    blob::WriteOptions options;
    options.producer = "test_lowering";
    options.feature_level = level;
    options.window_limit = 1024;  // several windows, in small cases too
    const Expected<std::vector<unsigned char>> blob = blob::write(module, options);
    if (!blob) throw std::runtime_error(blob.error().message);
    text = compare(run(*blob, inputs), expected, test.tolerance);
  } catch (const std::exception& error) {
    text = error.what();
  }
  return text.empty() ? text : text + "\nlowered:\n" + lowered + "finished:\n" + graph::to_text(module);
}

/// Quantized tensors have their place below level 3 as well.
std::vector<int> levels_of(const Case& test) {
  if (!test.levels.empty()) return test.levels;
  const bool quantized = std::any_of(test.inputs.begin(), test.inputs.end(),
                                     [](const Tensor& input) { return graph::is_quantized(input.type); });
  if (quantized) return {1, 2, 3, 4, 6, 8};
  return {3, 4, 6, 8};
}

bool has_image(const Case& test) { return std::any_of(test.inputs.begin(), test.inputs.end(), is_image); }

void check_layout(const Case& test, const torchscript::Model& model, bool channels_last) {
  const std::vector<InputSpec> inputs = specifications(test, channels_last);
  const lowering::Lowered lowered = lower(model, inputs);
  INFO(describe(test, channels_last));
  const std::string refused = text_of(lowered.diagnostics);
  CHECK(refused == "");
  if (!refused.empty()) return;
  std::vector<HostTensor> values;
  for (const InputSpec& input : inputs) values.push_back(*input.values);
  const Expected<std::vector<HostTensor>> expected = model.run(inputs, values);
  if (!expected) throw std::runtime_error(expected.error().message);
  for (int level : levels_of(test)) {
    INFO("feature level " << level);
    const std::string failure = failure_at(test, level, inputs, lowered.module, *expected);
    if (failure.empty()) {
      SUCCEED();
    } else {
      FAIL_CHECK(failure);
    }
  }
}

}  // namespace

void require_all(const std::vector<Case>& cases) {
  REQUIRE(!cases.empty());
  bool levels_are_checked = false;  // once for what is alike
  for (const Case& test : cases) {
    try {
      const torchscript::Model model = load(test);
      check_layout(test, model, false);
      if (!levels_are_checked) require_levels_agree(model, specifications(test, false));
      levels_are_checked = true;
      if (has_image(test)) check_layout(test, model, true);
    } catch (const std::exception& error) {
      FAIL_CHECK(describe(test, false) << error.what());
    }
  }
}

size_t require_for_values(const Case& test, int count, bool needs_control_flow) {
  INFO(describe(test, false));
  const torchscript::Model model = load(test);
  std::vector<std::vector<InputSpec>> inputs;
  std::vector<std::vector<HostTensor>> expected;
  std::set<std::vector<double>> last;
  for (int i = 0; i <= count; ++i) {
    inputs.push_back(specifications(test, false));
    std::vector<HostTensor> values;
    for (size_t k = 0; k < test.inputs.size(); ++k) {
      Tensor input = test.inputs[k];
      input.name += std::to_string(i);  // other values, as they are drawn by name
      inputs.back()[k].values = values_of(input);
      values.push_back(*inputs.back()[k].values);
    }
    const Expected<std::vector<HostTensor>> results = model.run(inputs.back(), values);
    if (!results) throw std::runtime_error(results.error().message);
    last.insert(as_doubles(results->back()));
    expected.push_back(*results);
  }
  const lowering::Lowered lowered = lower(model, inputs.front());
  const std::string refused = text_of(lowered.diagnostics);
  CHECK(refused == "");
  if (!refused.empty()) return 0;
  for (int level : {4, 6, 8})
    for (size_t i = 0; i < inputs.size(); ++i) {
      INFO("feature level " << level << ", values " << i);
      const std::string failure = failure_at(test, level, inputs[i], lowered.module, expected[i]);
      if (!failure.empty()) FAIL_CHECK(failure);
    }
  if (!needs_control_flow) return last.size();
  graph::Module below = lowered.module;
  const std::vector<graph::Diagnostic> diagnostics = passes::run(below, {3});
  const auto says_so = [](const graph::Diagnostic& each) { return each.feature_level == 4; };
  CHECK(std::any_of(diagnostics.begin(), diagnostics.end(), says_so));
  return last.size();
}

std::vector<graph::Diagnostic> refusals_of(const Case& test) {
  const torchscript::Model model = load(test);
  const std::vector<InputSpec> inputs = specifications(test, false);
  INFO(describe(test, false));
  require_levels_agree(model, inputs);
  converter::Options options;
  options.inputs = inputs;
  options.target.feature_level = nnapi::highest_feature_level;
  Expected<converter::Converted> converted = converter::convert(model, options);
  if (!converted) throw std::runtime_error(describe(test, false) + converted.error().message);
  return std::move(converted->diagnostics);
}

void require_refused(const Case& test, const std::string& message) {
  const std::string refused = text_of(refusals_of(test));
  INFO(describe(test, false));
  CHECK_THAT(refused, ContainsSubstring(message));
}

std::vector<std::string> operations_of(const Case& test, int feature_level, bool channels_last) {
  lowering::Lowered lowered = lower(load(test), specifications(test, channels_last));
  const std::string refused = text_of(lowered.diagnostics) + text_of(passes::run(lowered.module, {feature_level}));
  if (!refused.empty()) throw std::runtime_error(refused);
  std::vector<std::string> names;
  for (const graph::Operation& operation : lowered.module.main().operations)
    names.emplace_back(nnapi::name(operation.type.value()));
  return names;
}

std::vector<Case> some_of(std::vector<Case> cases, size_t count) {
  if (std::getenv("PASSERELLE_ALL_CASES")) return cases;
  std::mt19937 generator(20240229);
  for (size_t i = 0; i + 1 < cases.size(); ++i) std::swap(cases[i], cases[i + generator() % (cases.size() - i)]);
  if (cases.size() > count) cases.resize(count);
  return cases;
}

}  // namespace passerelle::tests
