// Small networks from floats to integers, on the host NNAPI.
#include <algorithm>

#include "passerelle/calibration/quantize.h"

#include "catch.h"
#include "networks.h"

using namespace passerelle;
using namespace passerelle::calibration;
using namespace passerelle::tests;
using passerelle::testing::TemporaryFolder;

namespace {

size_t count_of(const graph::Module& module, Op type) {
  size_t count = 0;
  for (const graph::Operation& operation : module.main().operations) count += operation.is(type) ? 1 : 0;
  return count;
}

std::vector<graph::Diagnostic> finished(graph::Module& module, nnapi::FeatureLevel level) {
  passes::Target how = target(level);
  how.removes_float_islands = false;
  return passes::run(module, how);
}

}  // namespace

TEST_CASE("a plain network is all integers, at every level") {
  const graph::Module floats = small_network().module();
  for (nnapi::FeatureLevel level = 1; level <= 5; ++level) {
    Options how = options();
    how.quantized_inputs = level < 3;
    Quantized made = quantized(floats, how, level);
    CHECK(made.report.outputs.front().signal_to_noise > 28);
    for (const OperationLoss& operation : made.report.operations) CHECK(operation.in_integers);
    REQUIRE(finished(made.module, level).empty());
    CHECK(passes::required_feature_level(made.module) <= level);
    CHECK(count_of(made.module, Op::QUANTIZE) == (level < 3 ? 0 : 1));
    CHECK(count_of(made.module, Op::DEQUANTIZE) == 1);
    for (const graph::Operation& operation : made.module.main().operations) {
      if (operation.is(Op::DEQUANTIZE)) continue;
      CHECK(nnapi::is_quantized(made.module.main().type(operation.output()).type));
    }
  }
}

TEST_CASE("weights have a scale a channel from level 3 on, unless asked otherwise") {
  const graph::Module floats = small_network().module();
  const auto per_channel = [](const graph::Module& module) {
    return std::any_of(module.main().operands.begin(), module.main().operands.end(), [](const graph::Operand& operand) {
      return operand.type.type == graph::OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL;
    });
  };
  Options how = options();
  CHECK(per_channel(quantized(floats, how, 3).module));
  how.weights_per_channel = false;
  CHECK_FALSE(per_channel(quantized(floats, how, 3).module));
}

TEST_CASE("every method, and both signs") {
  const graph::Module floats = small_network().module();
  for (Method method : {Method::min_max, Method::percentile, Method::least_squares, Method::entropy})
    for (bool is_signed : {false, true}) {
      Options how = options();
      how.method = method;
      how.signed_activations = is_signed;
      Quantized made = quantized(floats, how, 4);
      CHECK(made.report.outputs.front().signal_to_noise > 22);
      REQUIRE(finished(made.module, 4).empty());
    }
}

TEST_CASE("integers at the border, of the caller's scale or one that is found") {
  const graph::Module floats = small_network().module();
  Options how = options();
  how.quantized_inputs = how.quantized_outputs = true;
  Quantized made = quantized(floats, how, 3);
  CHECK(made.module.ports.inputs.front().element_type == graph::ElementType::quint8);
  CHECK(made.module.ports.outputs.front().element_type == graph::ElementType::quint8);
  CHECK(made.module.ports.outputs.front().quantization.scale > 0);
  CHECK(made.report.outputs.front().signal_to_noise > 28);
  Options given = options();
  given.given_inputs[0].scale = 0.02f;
  given.given_inputs[0].zero_point = 77;
  made = quantized(floats, given, 3);
  CHECK(made.module.ports.inputs.front().quantization.scale == 0.02f);
  CHECK(made.module.ports.inputs.front().quantization.zero_point == 77);
  CHECK(made.module.ports.outputs.front().element_type == graph::ElementType::float32);
}

TEST_CASE("what is named stays float") {
  Sketch sketch = small_network();
  sketch.module().origins.resize(1);
  sketch.module().origins[0].module_path = "block.2";
  Options how = options();
  how.keep_float = {"DEPTHWISE_CONV_2D"};
  Quantized made = quantized(sketch.module(), how, 3);
  CHECK(std::count_if(made.report.operations.begin(), made.report.operations.end(),
                      [](const OperationLoss& operation) { return !operation.in_integers; }) == 1);
  REQUIRE(finished(made.module, 3).empty());
  how.keep_float = {"block"};
  made = quantized(sketch.module(), how, 3);
  CHECK(count_of(made.module, Op::QUANTIZE) == 0);
  how.keep_float = {"bloc"};
  TemporaryFolder folder;
  const Samples samples = samples_for(sketch.module(), folder);
  const Expected<Quantized> refused = quantize(sketch.module(), samples, samples, how, target(3));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Matchers::ContainsSubstring("--keep-float bloc"));
}

TEST_CASE("operations without integers are one island with the arithmetic around them") {
  Sketch sketch(3);
  const OperandId x = convolution(sketch, sketch.input({1, 4, 4, 3}), 4, 3, 0);
  const OperandId positive = sketch.binary(Op::ADD, sketch.binary(Op::MUL, x, x), sketch.scalar(0.1f));
  const OperandId divided = sketch.binary(Op::MUL, sketch.unary(Op::RSQRT, positive), sketch.scalar(3));
  sketch.output(convolution(sketch, divided, 2, 1, 0));
  Quantized made = quantized(sketch.module(), options(), 3);
  CHECK(count_of(made.module, Op::QUANTIZE) == 2);  // the input, and before the second convolution
  CHECK(count_of(made.module, Op::DEQUANTIZE) == 2);
  CHECK(made.report.outputs.front().signal_to_noise > 25);
  REQUIRE(finished(made.module, 3).empty());
}

TEST_CASE("samples that show nothing, and levels that can't, are refused") {
  const graph::Module floats = small_network().module();
  TemporaryFolder folder;
  const Samples samples = samples_for(floats, folder);
  Expected<Quantized> made = quantize(floats, samples, samples, options(), target(1));
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message, Catch::Matchers::ContainsSubstring("--input-quantized"));
  Options how = options();
  how.signed_activations = true;
  made = quantize(floats, samples, samples, how, target(3));
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message, Catch::Matchers::ContainsSubstring("API 30"));
  for (float value : {0.0f, 0.7f}) {
    graph::HostTensor same;
    same.shape = {2, 8, 8, 3};
    same.bytes.resize(2 * 192 * sizeof(float));
    std::fill_n(same.as<float>(), 2 * 192, value);
    REQUIRE(graph::write_npy(folder / "same.npy", same));
    Expected<Samples> constant = Samples::open(folder / "same.npy", floats.ports.inputs, {}, std::nullopt);
    REQUIRE(constant);
    made = quantize(floats, *constant, *constant, options(), target(3));
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Catch::Matchers::ContainsSubstring("everywhere"));
  }
}

TEST_CASE("what is asked for is met, with the most harmful operations in floats") {
  const graph::Module floats = small_network().module();
  Options how = options();
  const double plain = quantized(floats, how, 3).report.outputs.front().signal_to_noise;
  how.min_snr = plain + 4;
  Quantized made = quantized(floats, how, 3);
  CHECK(made.report.outputs.front().signal_to_noise >= *how.min_snr);
  size_t kept = 0;
  for (const OperationLoss& operation : made.report.operations) {
    kept += operation.kept_for_ratio ? 1 : 0;
    if (operation.kept_for_ratio) CHECK(operation.in_the_end.has_value());
  }
  CHECK(kept >= 1);
  CHECK(kept < made.report.operations.size());
  REQUIRE(finished(made.module, 3).empty());
  how.quantized_inputs = true;
  TemporaryFolder folder;
  const Samples samples = samples_for(floats, folder);
  const Expected<Quantized> early = quantize(floats, samples, samples, how, target(1));
  REQUIRE_FALSE(early);
  CHECK_THAT(early.error().message, Catch::Matchers::ContainsSubstring("--min-api 29"));
}

TEST_CASE("an operation by itself loses less than with all before it") {
  for (nnapi::FeatureLevel level : {1, 3}) {
    Options how = options();
    how.quantized_inputs = level < 3;
    const Quantized made = quantized(small_network().module(), how, level);
    for (const OperationLoss& operation : made.report.operations) {
      REQUIRE(operation.alone);
      REQUIRE(operation.accumulated);
      CHECK(*operation.alone > 30);
      CHECK(*operation.accumulated < *operation.alone + 3);
    }
  }
}
