#include "networks.h"

#include <cmath>

#include "catch.h"
#include "paths.h"

namespace passerelle::tests {

using namespace calibration;
using testing::TemporaryFolder;

namespace {

OperandId depthwise(Sketch& sketch, OperandId input) {
  const graph::Shape shape = sketch.shape_of(input);
  return sketch.emit(Op::DEPTHWISE_CONV_2D,
                     {{"input", input},
                      {"filter", sketch.constant({1, 3, 3, shape[3]})},
                      {"bias", sketch.constant({shape[3]})},
                      {"padding_left", 1},
                      {"padding_right", 1},
                      {"padding_top", 1},
                      {"padding_bottom", 1},
                      {"stride_width", 1},
                      {"stride_height", 1},
                      {"depth_multiplier", 1},
                      {"activation", 1}},
                     shape);
}

}  // namespace

Options options() {
  Options result;
  result.nnapi_library = std::string(passerelle::testing::binary_directory()) + "/lib/libneuralnetworks.so";
  return result;
}

passes::Target target(nnapi::FeatureLevel level) {
  passes::Target result;
  result.feature_level = level;
  return result;
}

Samples samples_for(const graph::Module& module, const TemporaryFolder& folder, uint32_t count) {
  const graph::Shape& shape = module.ports.inputs.front().shape;
  graph::HostTensor all;
  all.shape = shape;
  all.shape.insert(all.shape.begin(), count);
  all.bytes.resize(graph::element_count(all.shape) * sizeof(float));
  const size_t size = graph::element_count(shape);
  for (size_t i = 0; i < size * count; ++i)
    all.as<float>()[i] = static_cast<float>(std::sin(0.37 * double(i % size) * (1 + double(i / size) / 5)) * 1.5 + 0.3);
  REQUIRE(graph::write_npy(folder / "samples.npy", all));
  Expected<Samples> samples = Samples::open(folder / "samples.npy", module.ports.inputs, {}, std::nullopt);
  REQUIRE(samples);
  return *samples;
}

OperandId convolution(Sketch& sketch, OperandId input, uint32_t channels, uint32_t size, int32_t activation) {
  const graph::Shape shape = sketch.shape_of(input);
  const auto padding = static_cast<int32_t>(size / 2);
  return sketch.emit(Op::CONV_2D,
                     {{"input", input},
                      {"filter", sketch.constant({channels, size, size, shape[3]}, -0.5, 0.5)},
                      {"bias", sketch.constant({channels}, -0.3f, 0.3f)},
                      {"padding_left", padding},
                      {"padding_right", padding},
                      {"padding_top", padding},
                      {"padding_bottom", padding},
                      {"stride_width", 1},
                      {"stride_height", 1},
                      {"activation", activation}},
                     {shape[0], shape[1], shape[2], channels});
}

Sketch small_network() {
  Sketch sketch(11);
  const OperandId x = convolution(sketch, sketch.input({1, 8, 8, 3}), 8, 3, 1);
  const OperandId y = convolution(sketch, depthwise(sketch, x), 8, 1, 0);
  const OperandId sum = sketch.binary(Op::ADD, x, y);
  const OperandId mean =
      sketch.emit(Op::MEAN, {{"input", sum}, {"axes", sketch.list({1, 2})}, {"keep_dims", 0}}, {1, 8});
  sketch.output(sketch.emit(
      Op::FULLY_CONNECTED,
      {{"input", mean}, {"weights", sketch.constant({5, 8})}, {"bias", sketch.constant({5})}, {"activation", 0}},
      {1, 5}));
  return sketch;
}

Quantized quantized(const graph::Module& module, const Options& how, nnapi::FeatureLevel level) {
  TemporaryFolder folder;
  const Samples samples = samples_for(module, folder);
  Expected<Quantized> result = quantize(module, samples, samples, how, target(level));
  if (!result) FAIL(result.error().message);
  REQUIRE(result->diagnostics.empty());
  return *std::move(result);
}

}  // namespace passerelle::tests
