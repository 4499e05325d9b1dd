#include "equalisation.h"

#include <cmath>

#include "catch.h"
#include "channel_webs.h"
#include "networks.h"
#include "runner.h"

using namespace passerelle;
using namespace passerelle::calibration;
using namespace passerelle::tests;
using passerelle::testing::TemporaryFolder;

namespace {

/// Makes the channels of a layer's result differ a thousandfold: the next layer's weights make up for it.
void make_uneven(graph::Graph& graph, size_t maker, size_t reader) {
  graph::Operation &first = graph.operations[maker], &second = graph.operations[reader];
  const uint32_t channels = graph.shape(first.output()).back();
  std::vector<float> factors, inverse;
  for (uint32_t i = 0; i < channels; ++i) {
    factors.push_back(std::pow(10.0f, 3.0f * static_cast<float>(i) / static_cast<float>(channels) - 2));
    inverse.push_back(1 / factors.back());
  }
  const auto scale = [&](graph::Operation& operation, const char* name, size_t dimension,
                         const std::vector<float>& by) {
    const graph::Constant constant = graph[operation.operand(name)].constant->scaled(dimension, by);
    operation.argument(name) = graph.add_constant(constant);
  };
  const size_t output = first.is(Op::DEPTHWISE_CONV_2D) ? 3 : 0;
  scale(first, "filter", output, factors);
  scale(first, "bias", 0, factors);
  scale(second, "filter", 3, inverse);
}

std::vector<float> output_of(graph::Module module, const Sample& sample) {
  REQUIRE(passes::run(module, target(nnapi::highest_feature_level)).empty());
  Expected<Runner> runner = Runner::make(module, options().nnapi_library);
  REQUIRE(runner);
  REQUIRE(runner->run(sample));
  return runner->numbers(0);
}

}  // namespace

TEST_CASE("channels are free between layers, tied by sums, and not at the border") {
  Sketch sketch = small_network();
  const std::vector<ChannelWeb> webs = channel_webs(sketch.graph());
  // The first convolution, the last of the branch and their sum up to the linear layer; and the depthwise result.
  REQUIRE(webs.size() == 2);
  CHECK(webs[0].operands.size() == 4);
  CHECK(webs[0].makers.size() == 2);
  CHECK(webs[0].readers.size() == 2);
  CHECK(webs[1].operands.size() == 1);
}

TEST_CASE("equalised networks compute what they did, with less noise") {
  Sketch sketch = small_network();
  make_uneven(sketch.graph(), 1, 2);  // depthwise, then 1 x 1
  TemporaryFolder folder;
  const Samples samples = samples_for(sketch.module(), folder);
  for (bool per_channel : {true, false}) {
    Options how = options();
    how.weights_per_channel = per_channel;
    graph::Module floats = sketch.module(), scaled = floats;
    Expected<Observations> seen = observe(floats, samples, how);
    REQUIRE(seen);
    CHECK(equalise(scaled.main(), *seen, how, 3) >= 1);
    const Expected<Sample> sample = samples.read(3);
    REQUIRE(sample);
    const std::vector<float> before = output_of(floats, *sample), after = output_of(scaled, *sample);
    REQUIRE(before.size() == after.size());
    for (size_t i = 0; i < before.size(); ++i) CHECK(after[i] == Catch::Approx(before[i]).epsilon(1e-4).margin(1e-5));

    how.equalises = false;
    const double plain = quantized(floats, how, 3).report.outputs.front().signal_to_noise;
    how.equalises = true;
    CHECK(quantized(floats, how, 3).report.outputs.front().signal_to_noise > plain + 2);
  }
}

TEST_CASE("a RELU6 keeps its channels under 6") {
  Sketch sketch = small_network();
  constexpr int32_t relu6 = 3;
  sketch.graph().operations[1].argument("activation") = relu6;
  make_uneven(sketch.graph(), 1, 2);
  TemporaryFolder folder;
  const Samples samples = samples_for(sketch.module(), folder);
  graph::Module scaled = sketch.module();
  Expected<Observations> seen = observe(scaled, samples, options());
  REQUIRE(seen);
  equalise(scaled.main(), *seen, options(), 3);
  for (size_t i = 0; i < samples.count(); ++i) {
    const std::vector<float> before = output_of(sketch.module(), *samples.read(i));
    const std::vector<float> after = output_of(scaled, *samples.read(i));
    for (size_t k = 0; k < before.size(); ++k) CHECK(after[k] == Catch::Approx(before[k]).epsilon(1e-4).margin(1e-5));
  }
}
