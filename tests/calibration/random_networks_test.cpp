// Random networks from floats to integers: legal, and each operation within one step of the exactly rounded result.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "catch.h"
#include "executor.h"
#include "networks.h"
#include "random_graph.h"
#include "runner.h"

using namespace passerelle;
using namespace passerelle::calibration;
using namespace passerelle::tests;
using graph::Constant;
using graph::OperandType;
using passerelle::testing::TemporaryFolder;

namespace {

Samples random_samples(const graph::Module& module, const TemporaryFolder& folder, uint32_t seed) {
  for (uint32_t i = 0; i < 4; ++i) {
    const std::string sample = folder / ("sample" + std::to_string(i));
    std::filesystem::create_directory(sample);
    const std::vector<Floats> numbers = random_inputs(module, seed + 1000 * i);
    for (size_t input = 0; input < numbers.size(); ++input) {
      const graph::Port& port = module.ports.inputs[input];
      graph::HostTensor tensor;
      tensor.type = port.element_type;
      tensor.shape = port.shape;
      tensor.bytes.resize(numbers[input].size() * sizeof(float));
      std::copy(numbers[input].begin(), numbers[input].end(), tensor.as<float>());
      REQUIRE(graph::write_npy(sample + "/" + port.name + ".npy", tensor));
    }
  }
  Expected<Samples> samples = Samples::open(folder.path(), module.ports.inputs, {}, std::nullopt);
  if (!samples) FAIL(samples.error().message);
  return *samples;
}

/// Beside each operation on integers the one on floats, fed with what the integers stand for. Both are outputs.
class Twins {
 public:
  explicit Twins(graph::Module module) : module_(std::move(module)) {
    graph().outputs.clear();
    module_.ports.outputs.clear();
    const std::vector<graph::Operation> operations = graph().operations;
    for (const graph::Operation& operation : operations)
      if (is_integer(operation.output()) && !operation.is(Op::QUANTIZE)) add(operation);
  }

  const graph::Module& module() const { return module_; }
  struct Twin {
    Op operation;
    graph::TensorType type;
  };
  const std::vector<Twin>& twins() const { return twins_; }

 private:
  graph::Graph& graph() { return module_.main(); }
  bool is_integer(OperandId id) { return nnapi::is_quantized(graph().type(id).type); }

  void add(graph::Operation operation) {
    const std::vector<OperandId> results = operation.outputs;
    const graph::Quantization of_result = graph().type(results.front()).quantization;
    if (is_layer(operation)) operation.argument("bias") = float_bias(operation);
    if (operation.is(Op::PAD_V2)) {
      graph::Argument& value = operation.argument("pad_value");
      value = of_result.scale * static_cast<float>(std::get<int32_t>(value) - of_result.zero_point);
    }
    operation.for_each_input([&](OperandId& id) { id = as_float(id); });
    for (OperandId& id : operation.outputs) {
      graph::TensorType floats = graph().type(id);
      floats.type = OperandType::TENSOR_FLOAT32;
      floats.quantization = {};
      id = graph().add_operand(std::move(floats));
    }
    graph().operations.push_back(operation);
    for (size_t i = 0; i < results.size(); ++i) {
      twins_.push_back({*operation.type, graph().type(results[i])});
      expose(operation.outputs[i]);
      expose(as_float(results[i]));
    }
  }

  void expose(OperandId id) {
    graph::Port port;
    port.name = "twin" + std::to_string(module_.ports.outputs.size());
    port.shape = graph().shape(id);
    module_.add_output(id, std::move(port));
  }

  OperandId as_float(OperandId id) {
    if (!is_integer(id)) return id;
    const auto known = floats_.find(id);
    if (known != floats_.end()) return known->second;
    return floats_[id] = graph().is_constant(id) ? float_constant(id) : dequantized(id);
  }

  OperandId dequantized(OperandId id) {
    graph::TensorType floats{OperandType::TENSOR_FLOAT32, graph().shape(id), {}};
    return graph().append(Op::DEQUANTIZE, {{"input", id}}, std::move(floats), 0);
  }

  OperandId float_constant(OperandId id) {
    const graph::Quantization quantization = graph().type(id).quantization;
    const graph::Shape shape = graph().shape(id);
    std::vector<float> numbers;
    size_t inner = 1;
    for (size_t i = quantization.channel_dimension + 1; i < shape.size(); ++i) inner *= shape[i];
    for (int64_t integer : graph()[id].constant->integers()) {
      const auto& scales = quantization.channel_scales;
      const float scale = scales.empty() ? quantization.scale : scales[numbers.size() / inner % scales.size()];
      numbers.push_back(static_cast<float>(integer - quantization.zero_point) * scale);
    }
    return graph().add_constant(Constant::from(std::move(numbers), shape));
  }

  static bool is_layer(const graph::Operation& operation) {
    constexpr Op layers[] = {Op::CONV_2D, Op::DEPTHWISE_CONV_2D, Op::GROUPED_CONV_2D, Op::TRANSPOSE_CONV_2D,
                             Op::FULLY_CONNECTED};
    return std::any_of(std::begin(layers), std::end(layers), [&](Op layer) { return operation.is(layer); });
  }

  OperandId float_bias(const graph::Operation& layer) {
    const OperandId bias = layer.operand("bias");
    const graph::Quantization weights =
        graph().type(layer.operand(layer.is(Op::FULLY_CONNECTED) ? "weights" : "filter")).quantization;
    const float input = graph().type(layer.operand("input")).quantization.scale;
    std::vector<float> numbers;
    for (int64_t integer : graph()[bias].constant->integers()) {
      const auto& scales = weights.channel_scales;
      const double scale = double{input} * (scales.empty() ? weights.scale : scales[numbers.size()]);
      numbers.push_back(static_cast<float>(static_cast<double>(integer) * scale));
    }
    const graph::Shape shape = graph().shape(bias);
    return graph().add_constant(Constant::from(std::move(numbers), shape));
  }

  graph::Module module_;
  std::vector<Twin> twins_;
  std::map<OperandId, OperandId> floats_;
};

/// The nearest of the 256 numbers.
double exactly_rounded(float number, const graph::TensorType& type) {
  const double lowest = type.type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED ? -128 : 0;
  const double steps = std::nearbyint(double{number} / type.quantization.scale) + type.quantization.zero_point;
  return std::clamp(steps, lowest, lowest + 255);
}

void require_exact(const graph::Module& quantized, const Samples& samples, nnapi::FeatureLevel level) {
  const Twins twins(quantized);
  if (twins.twins().empty()) return;  // nothing of it has integers
  graph::Module module = twins.module();
  passes::Target how = target(level);
  how.removes_float_islands = false;
  REQUIRE(passes::run(module, how).empty());
  Expected<Runner> runner = Runner::make(module, options().nnapi_library);
  if (!runner) FAIL(runner.error().message);
  Expected<Sample> sample = samples.read(0);
  REQUIRE(sample);
  REQUIRE(runner->run(*sample));
  for (size_t i = 0; i < twins.twins().size(); ++i) {
    const auto& [operation, type] = twins.twins()[i];
    const std::vector<float> floats = runner->numbers(2 * i), integers = runner->numbers(2 * i + 1);
    double furthest = 0;
    for (size_t element = 0; element < floats.size(); ++element) {
      const double steps = exactly_rounded(integers[element], type) - exactly_rounded(floats[element], type);
      furthest = std::max(furthest, std::abs(steps));
    }
    INFO("operation " << i << " of the twins, " << nnapi::name(operation));
    CHECK(furthest <= 1);
  }
}

void quantize_randomly(uint32_t seed) {
  CAPTURE(seed);
  const auto level = static_cast<nnapi::FeatureLevel>(3 + seed % 3);
  const graph::Module floats = random_graph(seed, 1 + static_cast<int>(seed % 12));
  INFO(to_text(floats));
  const TemporaryFolder folder;
  const Samples samples = random_samples(floats, folder, seed);
  Options how = options();
  how.signed_activations = level >= 4 && seed % 2 == 0;
  Expected<Quantized> made = quantize(floats, samples, samples, how, target(level));
  if (!made) FAIL(made.error().message);
  REQUIRE(made->diagnostics.empty());
  graph::Module module = made->module;
  passes::Target finish = target(level);
  finish.removes_float_islands = false;
  REQUIRE(passes::run(module, finish).empty());
  REQUIRE(passes::required_feature_level(module) <= level);
  require_exact(made->module, samples, level);
}

}  // namespace

TEST_CASE("random networks in integers are legal, and each operation is within one step of the exact result") {
  for (uint32_t seed = 0; seed < 100; ++seed) quantize_randomly(seed);
}

// Not among the tests that run by themselves: test_calibration "[thousand]"
TEST_CASE("a thousand random networks in integers", "[.][thousand]") {
  for (uint32_t seed = 100; seed < 1100; ++seed) quantize_randomly(seed);
}
