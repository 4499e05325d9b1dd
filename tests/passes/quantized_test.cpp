// Quantized graphs: floats between integers become integers with the same result within one step, scales that NNAPI
// prescribes are met, and the model's own first and last steps are peeled off.
#include <algorithm>
#include <cmath>
#include <string>

#include "catch.h"
#include "executor.h"
#include "passerelle/passes/border.h"
#include "passerelle/passes/pipeline.h"
#include "sketch.h"

namespace passerelle::tests {
namespace {

using graph::OperandType;
using graph::TensorType;

struct Scale {
  float scale;
  int32_t zero_point;
};

TensorType quantized_type(const Shape& shape, Scale scale) {
  return {OperandType::TENSOR_QUANT8_ASYMM, shape, {scale.scale, scale.zero_point, {}, 0}};
}

OperandId quantize(Sketch& s, OperandId floats, Scale scale) {
  return s.graph().append(Op::QUANTIZE, {{"input", floats}}, quantized_type(s.shape_of(floats), scale), 0);
}

OperandId dequantize(Sketch& s, OperandId integers) {
  const Shape shape = s.shape_of(integers);
  return s.graph().append(Op::DEQUANTIZE, {{"input", integers}}, {OperandType::TENSOR_FLOAT32, shape, {}}, 0);
}

/// What stands between DEQUANTIZE and QUANTIZE.
using Island = OperandId (*)(Sketch&, OperandId);

Sketch island_of(Island island, Scale before, Scale after, const Shape& shape = {1, 4, 6, 3}) {
  Sketch s(3);
  const OperandId x = dequantize(s, quantize(s, s.input(shape), before));
  s.output(dequantize(s, quantize(s, island(s, x), after)));
  return s;
}

size_t count(const graph::Graph& graph, Op type) {
  return static_cast<size_t>(std::count_if(graph.operations.begin(), graph.operations.end(),
                                           [&](const graph::Operation& each) { return each.is(type); }));
}

graph::Module finished(graph::Module module, passes::Target target) {
  for (const graph::Diagnostic& diagnostic : passes::run(module, target))
    FAIL(diagnostic.op + ": " + diagnostic.message);
  return module;
}

void require_within_a_step(Sketch& sketch, int level, float step) {
  const std::vector<Floats> inputs = random_inputs(sketch.module(), 11);
  const std::vector<Floats> expected = execute(sketch.module(), inputs);
  const Attempt attempt = attempt_at(sketch.module(), level, inputs);
  for (const graph::Diagnostic& diagnostic : attempt.diagnostics) FAIL(diagnostic.op + ": " + diagnostic.message);
  for (size_t i = 0; i < expected[0].size(); ++i) {
    INFO("element " << i << ": " << expected[0][i] << " became " << attempt.outputs[0][i] << " in steps of " << step);
    REQUIRE(std::abs(expected[0][i] - attempt.outputs[0][i]) <= step * 1.001f);
  }
}

/// The island goes; what was there computes the same within a step of the result.
void require_removed(Island island, Scale before, Scale after) {
  for (int level : {3, 4, 6}) {
    CAPTURE(level, before.scale, before.zero_point, after.scale, after.zero_point);
    Sketch sketch = island_of(island, before, after);
    INFO(to_text(sketch.module()));
    const graph::Module module = finished(sketch.module(), {level});
    const graph::Graph& graph = module.main();
    INFO(to_text(module));
    CHECK(count(graph, Op::QUANTIZE) == 1);
    CHECK(count(graph, Op::DEQUANTIZE) == 1);
    require_within_a_step(sketch, level, after.scale);
  }
}

OperandId pad(Sketch& s, OperandId x) {
  return s.emit(Op::PAD, {{"input", x}, {"paddings", s.rows({0, 0, 1, 2, 0, 1, 0, 0}, 2)}}, {1, 7, 7, 3});
}

OperandId logistic(Sketch& s, OperandId x) { return s.unary(Op::LOGISTIC, x); }
OperandId tanh(Sketch& s, OperandId x) { return s.unary(Op::TANH, x); }
OperandId relu_of_sum(Sketch& s, OperandId x) { return s.unary(Op::RELU, s.binary(Op::ADD, x, x)); }
OperandId relu6(Sketch& s, OperandId x) { return s.unary(Op::RELU6, x); }
OperandId product_with_number(Sketch& s, OperandId x) { return s.binary(Op::MUL, x, s.scalar(0.3f)); }
OperandId sum_with_number(Sketch& s, OperandId x) { return s.binary(Op::ADD, x, s.scalar(-0.7f)); }

OperandId mean(Sketch& s, OperandId x) {
  return s.emit(Op::MEAN, {{"input", x}, {"axes", s.list({1, 2})}, {"keep_dims", 1}}, {1, 1, 1, 3});
}

OperandId average(Sketch& s, OperandId x) {
  return s.emit(Op::AVERAGE_POOL_2D,
                {{"input", x},
                 {"padding_left", 0},
                 {"padding_right", 0},
                 {"padding_top", 0},
                 {"padding_bottom", 0},
                 {"stride_width", 2},
                 {"stride_height", 2},
                 {"filter_width", 2},
                 {"filter_height", 2}},
                {1, 2, 3, 3});
}

OperandId resize(Sketch& s, OperandId x) {
  return s.emit(Op::RESIZE_BILINEAR,
                {{"input", x}, {"output_width", 18}, {"output_height", 12}, {"half_pixel_centers", true}},
                {1, 12, 18, 3});
}

OperandId padded_and_clamped(Sketch& s, OperandId x) { return s.unary(Op::RELU, pad(s, x)); }

OperandId halves(Sketch& s, OperandId x) {
  const OperandId padded = pad(s, x);
  return s.emit(Op::CONCATENATION, {{"inputs", std::vector<OperandId>{padded, padded}}, {"axis", 3}}, {1, 7, 7, 6});
}

}  // namespace

TEST_CASE("Float islands become integers") {
  const Scale scale{0.02f, 100}, coarser{0.05f, 7}, finer{0.013f, 120};
  for (Island island : {pad, relu_of_sum, relu6, product_with_number, sum_with_number, padded_and_clamped, halves})
    for (Scale after : {scale, coarser, finer}) require_removed(island, scale, after);
  for (Island island : {mean, average, resize})
    for (Scale after : {scale, coarser}) require_removed(island, scale, after);
  for (Island island : {mean, average}) require_removed(island, scale, finer);
  require_removed(logistic, scale, {1.0f / 256, 0});
  require_removed(logistic, scale, {0.01f, 3});
  require_removed(tanh, scale, {1.0f / 128, 128});
}

TEST_CASE("Averages over large images are rounded, not truncated") {
  const Scale scale{0.02f, 100};
  const Island mean_of_image = [](Sketch& s, OperandId x) {
    return s.emit(Op::MEAN, {{"input", x}, {"axes", s.list({1, 2})}, {"keep_dims", 1}}, {1, 1, 1, 32});
  };
  for (int level : {3, 4, 6}) {
    CAPTURE(level);
    Sketch sketch = island_of(mean_of_image, scale, scale, {1, 32, 48, 32});
    const std::vector<Floats> inputs = random_inputs(sketch.module(), 11);
    const Floats expected = execute(sketch.module(), inputs)[0];
    const Floats actual = attempt_at(sketch.module(), level, inputs).outputs.at(0);
    size_t different = 0;
    for (size_t i = 0; i < expected.size(); ++i)
      if (std::abs(expected[i] - actual[i]) > 0.5f * scale.scale) ++different;
    CHECK(different <= 4);  // of 32; half of all where they are truncated
    CHECK(count(finished(sketch.module(), {level}).main(), Op::MEAN) == 0);
  }
}

TEST_CASE("A result too fine for NNAPI's own scale stays a float island") {
  Sketch sketch = island_of(logistic, {0.02f, 100}, {0.001f, 0});
  const graph::Graph graph = finished(sketch.module(), {3}).main();
  CHECK(count(graph, Op::QUANTIZE) == 2);
  CHECK(graph.type(graph.operations[2].output()).type == OperandType::TENSOR_FLOAT32);
  require_within_a_step(sketch, 3, 0.001f);
}

TEST_CASE("Float islands are kept on request") {
  passes::Target target;
  target.removes_float_islands = false;
  Sketch sketch = island_of(pad, {0.02f, 100}, {0.02f, 100});
  CHECK(count(finished(sketch.module(), target).main(), Op::QUANTIZE) == 2);
}

TEST_CASE("A model's own quantize and dequantize are peeled off") {
  Sketch sketch = island_of(pad, {0.02f, 100}, {0.05f, 7});
  graph::Module module = sketch.module();
  const std::optional<TensorType> type = passes::quantized_first(module)[0];
  REQUIRE(type);
  CHECK(type->quantization.scale == 0.02f);
  CHECK(type->quantization.zero_point == 100);
  passes::peel_quantize(module, 0);
  CHECK(passes::peel_dequantizes(module));
  CHECK(module.ports.inputs[0].element_type == graph::ElementType::quint8);
  CHECK(module.ports.outputs[0].element_type == graph::ElementType::quint8);
  CHECK(module.ports.outputs[0].quantization.zero_point == 7);
  // Nothing is left that needs API 29.
  const graph::Graph done = finished(module, {1}).main();
  CHECK(count(done, Op::QUANTIZE) + count(done, Op::DEQUANTIZE) == 0);
}

TEST_CASE("What a model does not quantize first is not peeled off") {
  Sketch s(1);
  const OperandId x = s.input({1, 4, 6, 3});
  s.output(dequantize(s, quantize(s, s.unary(Op::TANH, x), {0.02f, 100})));
  CHECK_FALSE(passes::quantized_first(s.module())[0]);
  Sketch floats(1);
  floats.output(floats.unary(Op::TANH, floats.input({2, 3})));
  CHECK_FALSE(passes::peel_dequantizes(floats.module()));
}

}  // namespace passerelle::tests
