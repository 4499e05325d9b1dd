// One operation at a time, over many shapes and arguments: what legalisation makes of it computes the same at every
// level that can express it, and is refused at the others.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.h"
#include "executor.h"
#include "passerelle/nnapi/operand_type.h"
#include "sketch.h"

namespace passerelle::tests {
namespace {

/// Moved elements are the same bits; sums and products of floats round.
constexpr float exactly = 0;
constexpr float to_rounding = 3e-6f;

void require_equal(const Floats& expected, const Floats& actual, float tolerance) {
  REQUIRE(expected.size() == actual.size());
  float range = 0;
  for (float value : expected) range = std::max(range, std::abs(value));
  for (size_t i = 0; i < expected.size(); ++i) {
    INFO("element " << i << " of range " << range << ": " << expected[i] << " became " << actual[i]);
    REQUIRE(std::abs(expected[i] - actual[i]) <= tolerance * range);
  }
}

using Build = void (*)(Sketch&);

struct Case {
  const char* name;
  Build build;
  int lowest_level;
  float tolerance;
};

void require_rewritten(const Case& each, uint32_t seed) {
  Sketch sketch(seed);
  each.build(sketch);
  const std::vector<Floats> inputs = random_inputs(sketch.module(), seed);
  const std::vector<Floats> expected = execute(sketch.module(), inputs);
  for (int level = nnapi::lowest_feature_level; level <= nnapi::highest_feature_level; ++level) {
    CAPTURE(each.name, seed, level);
    INFO(to_text(sketch.module()));
    const Attempt attempt = attempt_at(sketch.module(), level, inputs);
    if (level < each.lowest_level) {
      REQUIRE_FALSE(attempt.diagnostics.empty());
      for (const graph::Diagnostic& diagnostic : attempt.diagnostics) REQUIRE(diagnostic.feature_level > level);
      continue;
    }
    for (const graph::Diagnostic& diagnostic : attempt.diagnostics) FAIL(diagnostic.op + ": " + diagnostic.message);
    for (size_t i = 0; i < expected.size(); ++i) require_equal(expected[i], attempt.outputs[i], each.tolerance);
  }
}

// --- Element-wise.

template <Op type>
void of_one(Sketch& s) {
  s.output(s.unary(type, s.input(s.shape(s.between(1, 4)))));
}

template <Op type>
void of_two(Sketch& s) {
  const Shape shape = s.shape(s.between(1, 4));
  Shape other = shape;
  for (uint32_t& size : other)
    if (s.coin()) size = 1;
  const OperandId a = s.input(shape), b = s.input(other);
  s.output(s.binary(type, a, b));
}

template <Op type>
void with_number(Sketch& s) {
  constexpr float bounds[] = {0, 1, -1, 0.7f, -0.3f, 6, 1e-3f, -1e-3f, -40, 1e32f};
  const OperandId x = s.input(s.shape(s.between(1, 4)));
  const OperandId bound = s.scalar(bounds[s.below(std::size(bounds))]);
  s.output(s.coin() ? s.binary(type, x, bound) : s.emit(type, {{"input1", bound}, {"input2", x}}, s.shape_of(x)));
}

/// Positive, from about 0.01 on.
OperandId positive(Sketch& s, const Shape& shape) {
  const OperandId x = s.input(shape);
  return s.binary(Op::ADD, s.binary(Op::MUL, x, x), s.scalar(0.01f));
}

template <Op type>
void of_positive(Sketch& s) {
  s.output(s.unary(type, positive(s, s.shape(s.between(1, 4)))));
}

void quotient(Sketch& s) {
  const Shape shape = s.shape(s.between(1, 4));
  Shape divisor = shape;
  if (s.coin()) divisor[0] = 1;
  const OperandId x = s.input(shape);
  const OperandId made = s.binary(Op::DIV, x, s.unary(Op::NEG, positive(s, divisor)));
  s.last().argument("activation") = static_cast<int32_t>(s.below(2));
  s.output(made);
}

void quotient_by_constant(Sketch& s) {
  const OperandId x = s.input(s.shape(3));
  s.output(s.binary(Op::DIV, x, s.constant({s.shape_of(x)[2]}, 0.5f, 3)));
}

void difference_from_constant(Sketch& s) {
  const OperandId x = s.input(s.shape(3));
  s.output(s.binary(Op::SUB, x, s.constant({s.shape_of(x)[2]})));
}

void power(Sketch& s) {
  constexpr float exponents[] = {2, 3, -1, -2, 0.3f, 1.7f, -1.5f};
  const OperandId base = positive(s, s.shape(3));
  const OperandId exponent = s.scalar(exponents[s.below(std::size(exponents))]);
  s.output(s.emit(Op::POW, {{"base", base}, {"exponent", exponent}}, s.shape_of(base)));
}

void leaky(Sketch& s) {
  const OperandId x = s.input(s.shape(3));
  const OperandId alpha = s.coin() ? s.constant({s.shape_of(x)[2]}) : s.scalar(0.1f);
  s.output(s.emit(Op::PRELU, {{"input", x}, {"alpha", alpha}}, s.shape_of(x)));
}

void exponential_unit(Sketch& s) {
  const OperandId x = s.input(s.shape(3));
  s.output(s.emit(Op::ELU, {{"input", x}, {"alpha", 0.7f}}, s.shape_of(x)));
}

void clamp(Sketch& s) {
  const OperandId x = s.input(s.shape(4));
  const float low = s.coin() ? 0.0f : -0.5f, high = s.coin() ? 0.9f : 4;
  s.output(s.binary(Op::MINIMUM, s.binary(Op::MAXIMUM, x, s.scalar(low)), s.scalar(high)));
}

// --- Moving elements about.

void slice(Sketch& s) {
  const OperandId x = s.input(s.shape(s.between(1, 4), 9));
  std::vector<int32_t> begin;
  Shape out;
  for (uint32_t size : s.shape_of(x)) {
    begin.push_back(static_cast<int32_t>(s.below(size)));
    out.push_back(s.between(1, size - static_cast<uint32_t>(begin.back())));
  }
  const OperandId first = s.list(begin), size = s.list({out.begin(), out.end()});
  s.output(s.emit(Op::SLICE, {{"input", x}, {"begin", first}, {"size", size}}, out));
}

void strided_slice(Sketch& s) {
  const OperandId x = s.input(s.shape(s.between(1, 4), 9));
  std::vector<int32_t> begin, end, strides;
  Shape out;
  for (uint32_t size : s.shape_of(x)) {
    begin.push_back(static_cast<int32_t>(s.below(size)));
    end.push_back(static_cast<int32_t>(s.between(static_cast<uint32_t>(begin.back()) + 1, size)));
    strides.push_back(static_cast<int32_t>(s.between(1, 3)));
    out.push_back(static_cast<uint32_t>((end.back() - begin.back() - 1) / strides.back() + 1));
  }
  const OperandId first = s.list(begin), last = s.list(end), steps = s.list(strides);
  s.output(s.emit(Op::STRIDED_SLICE,
                  {{"input", x},
                   {"begin", first},
                   {"end", last},
                   {"strides", steps},
                   {"begin_mask", 0},
                   {"end_mask", 0},
                   {"shrink_axis_mask", 0}},
                  out));
}

void wide_slice(Sketch& s) {  // more elements behind the axis than a filter should have channels
  const OperandId x = s.input({2, 5, 1500});
  s.output(
      s.emit(Op::SLICE, {{"input", x}, {"begin", s.list({0, 1, 0})}, {"size", s.list({2, 3, 1500})}}, {2, 3, 1500}));
}

void split(Sketch& s) {
  Shape shape = s.shape(s.between(1, 4));
  const uint32_t axis = s.below(static_cast<uint32_t>(shape.size())), parts = s.between(1, 3);
  const Shape part = shape;
  shape[axis] *= parts;
  const OperandId x = s.input(shape);
  std::vector<graph::TensorType> types(parts, {graph::OperandType::TENSOR_FLOAT32, part, {}});
  graph::Operation operation = s.graph().make_operation(
      Op::SPLIT, {{"input", x}, {"axis", static_cast<int32_t>(axis)}, {"num_splits", static_cast<int32_t>(parts)}},
      types, 0);
  const std::vector<OperandId> made = operation.outputs;
  s.graph().operations.push_back(std::move(operation));
  for (OperandId id : made) s.output(id);
}

void gather_known(Sketch& s, const OperandId x, uint32_t axis, const std::vector<int32_t>& indices) {
  Shape out = s.shape_of(x);
  out[axis] = static_cast<uint32_t>(indices.size());
  s.output(s.emit(Op::GATHER, {{"input", x}, {"axis", static_cast<int32_t>(axis)}, {"indices", s.list(indices)}}, out));
}

void gather(Sketch& s) {
  const OperandId x = s.input(s.shape(s.between(1, 4), 8));
  const uint32_t axis = s.below(static_cast<uint32_t>(s.shape_of(x).size())), size = s.shape_of(x)[axis];
  std::vector<int32_t> indices(s.between(1, 12));
  for (int32_t& each : indices) each = static_cast<int32_t>(s.below(size));
  gather_known(s, x, axis, indices);
}

void gather_ordered(Sketch& s) {  // repeated, periodic, or in few runs
  const OperandId x = s.input(s.shape(4, 12));
  const uint32_t axis = s.below(4), size = s.shape_of(x)[axis], count = s.between(1, 24);
  std::vector<int32_t> indices;
  for (uint32_t i = 0; i < count; ++i) indices.push_back(static_cast<int32_t>(uint64_t{i} * size / count));
  gather_known(s, x, axis, indices);
}

void gather_scattered(Sketch& s) {  // too many runs for slices
  const OperandId x = s.input({2, 50, s.between(1, 3)});
  std::vector<int32_t> indices(70);
  for (int32_t& each : indices) each = static_cast<int32_t>(s.below(50));
  gather_known(s, x, 1, indices);
}

void tile(Sketch& s) {
  const OperandId x = s.input(s.shape(s.between(1, 4), 4));
  std::vector<int32_t> multiples;
  Shape out = s.shape_of(x);
  for (uint32_t& size : out) {
    multiples.push_back(static_cast<int32_t>(s.between(1, 3)));
    size *= static_cast<uint32_t>(multiples.back());
  }
  s.output(s.emit(Op::TILE, {{"input", x}, {"multiples", s.list(multiples)}}, out));
}

void pad(Sketch& s, bool with_value) {
  const OperandId x = s.input(s.shape(s.between(1, 4)));
  Shape out = s.shape_of(x);
  std::vector<int32_t> paddings;
  for (uint32_t& size : out) {
    const uint32_t before = s.below(3), after = s.below(3);
    paddings.insert(paddings.end(), {static_cast<int32_t>(before), static_cast<int32_t>(after)});
    size += before + after;
  }
  const OperandId rows = s.rows(paddings, 2);
  if (with_value)
    s.output(s.emit(Op::PAD_V2, {{"input", x}, {"paddings", rows}, {"pad_value", -3.5f}}, out));
  else
    s.output(s.emit(Op::PAD, {{"input", x}, {"paddings", rows}}, out));
}
void pad_zeros(Sketch& s) { pad(s, false); }
void pad_value(Sketch& s) { pad(s, true); }

void mirror_pad(Sketch& s) {
  const OperandId x = s.input({s.between(3, 5), s.between(3, 5)});
  const uint32_t before = s.below(3), after = s.below(3);
  const Shape out{s.shape_of(x)[0] + before + after, s.shape_of(x)[1]};
  const OperandId rows = s.rows({static_cast<int32_t>(before), static_cast<int32_t>(after), 0, 0}, 2);
  s.output(s.emit(Op::MIRROR_PAD, {{"input", x}, {"paddings", rows}, {"mode", static_cast<int32_t>(s.below(2))}}, out));
}

void reverse(Sketch& s) {
  const OperandId x = s.input(s.shape(s.between(1, 4)));
  const uint32_t axis = s.below(static_cast<uint32_t>(s.shape_of(x).size()));
  s.output(s.emit(Op::REVERSE, {{"input", x}, {"axis", s.list({static_cast<int32_t>(axis)})}}, s.shape_of(x)));
}

void pack(Sketch& s) {
  const Shape shape = s.shape(s.between(1, 3));
  const uint32_t axis = s.below(static_cast<uint32_t>(shape.size()) + 1);
  const std::vector<OperandId> inputs{s.input(shape), s.input(shape), s.input(shape)};
  Shape out = shape;
  out.insert(out.begin() + axis, 3);
  s.output(s.emit(Op::PACK, {{"axis", static_cast<int32_t>(axis)}, {"inputs", inputs}}, out));
}

void transpose_shape(Sketch& s, const Shape& shape) {
  const OperandId x = s.input(shape);
  graph::Permutation permutation = graph::identity_permutation(shape.size());
  for (size_t i = permutation.size(); i > 1; --i)
    std::swap(permutation[i - 1], permutation[s.below(static_cast<uint32_t>(i))]);
  const OperandId order = s.list({permutation.begin(), permutation.end()});
  // A reduction behind it and an operation that knows no layout keep the loader from doing it.
  const OperandId moved =
      s.emit(Op::TRANSPOSE, {{"input", x}, {"permutation", order}}, graph::permuted(shape, permutation));
  const auto count = static_cast<uint32_t>(graph::element_count(shape));
  s.output(s.emit(Op::RESHAPE, {{"input", moved}, {"shape", s.list({static_cast<int32_t>(count)})}}, {count}));
}
void transpose(Sketch& s) { transpose_shape(s, s.shape(s.between(2, 4), 7)); }
void transpose_divisible(Sketch& s) { transpose_shape(s, {s.between(2, 8), 4 * s.between(1, 3), 8, 16}); }
void transpose_large(Sketch& s) { transpose_shape(s, {s.between(20, 40), s.between(20, 40), s.between(1, 2)}); }

void channel_shuffle(Sketch& s) {
  Shape shape = s.shape(s.between(2, 4));
  const uint32_t axis = s.below(static_cast<uint32_t>(shape.size())), groups = s.between(1, 4);
  shape[axis] *= groups;
  const OperandId x = s.input(shape);
  s.output(s.emit(Op::CHANNEL_SHUFFLE,
                  {{"input", x}, {"num_groups", static_cast<int32_t>(groups)}, {"axis", static_cast<int32_t>(axis)}},
                  shape));
}

// --- Reductions and normalisation.

template <Op type>
void reduction(Sketch& s) {
  const OperandId x = s.input(s.shape(s.between(1, 4)));
  const Shape in = s.shape_of(x);
  std::vector<int32_t> axes;
  const bool keep = s.coin();
  Shape out;
  for (size_t i = 0; i < in.size(); ++i) {
    const bool reduced = s.coin() || (i + 1 == in.size() && (axes.empty() || out.empty()));
    if (reduced) axes.push_back(static_cast<int32_t>(i));
    if (!reduced || keep) out.push_back(reduced ? 1 : in[i]);
  }
  if (axes.empty()) axes.push_back(0);
  const bool all = axes.size() == in.size();
  if (all) {  // NNAPI has no results of rank 0
    out.assign(in.size(), 1);
  } else if (out.size() == in.size() && !keep) {
    out.erase(out.begin());
  }
  const bool keeps = keep || all;
  if (keeps) {
    out = in;
    for (int32_t axis : axes) out[static_cast<size_t>(axis)] = 1;
  }
  const OperandId list = s.list(axes);
  if constexpr (type == Op::MEAN)
    s.output(s.emit(type, {{"input", x}, {"axes", list}, {"keep_dims", keeps ? 1 : 0}}, out));
  else
    s.output(s.emit(type, {{"input", x}, {"axes", list}, {"keep_dims", keeps}}, out));
}

void softmax(Sketch& s) {
  const OperandId x = s.input(s.shape(s.between(1, 4)));
  const uint32_t axis = s.below(static_cast<uint32_t>(s.shape_of(x).size()));
  s.output(s.emit(Op::SOFTMAX, {{"input", x}, {"beta", 1.5f}, {"axis", static_cast<int32_t>(axis)}}, s.shape_of(x)));
}

void log_softmax(Sketch& s) {
  const OperandId x = s.input(s.shape(2));
  s.output(s.emit(Op::LOG_SOFTMAX, {{"input", x}, {"beta", 1.0f}, {"axis", 1}}, s.shape_of(x)));
}

void instance_normalisation(Sketch& s) {
  const OperandId x = s.input({s.between(1, 2), s.between(2, 5), s.between(2, 5), s.between(1, 5)});
  s.output(s.emit(Op::INSTANCE_NORMALIZATION,
                  {{"input", x}, {"gamma", 1.5f}, {"beta", -0.5f}, {"epsilon", 1e-2f}, {"nchw", false}},
                  s.shape_of(x)));
}

// --- Convolutions.

struct Extent {
  uint32_t size, kernel, stride, dilation;
  int32_t before, after;

  explicit Extent(Sketch& s, bool strides, bool dilates)
      : size(s.between(5, 9)),
        kernel(s.between(1, 3)),
        stride(strides ? s.between(1, 3) : 1),
        dilation(dilates ? s.between(1, 3) : 1) {
    const uint32_t reach = dilation * (kernel - 1) + 1;
    before = static_cast<int32_t>(s.below(reach));
    after = static_cast<int32_t>(s.below(reach));
    size = std::max(size, reach);
  }
  uint32_t output() const {
    return (size + static_cast<uint32_t>(before + after) - dilation * (kernel - 1) - 1) / stride + 1;
  }
};

void convolution(Sketch& s, Op type, bool strides, bool dilates, uint32_t channels, uint32_t groups) {
  const Extent height(s, strides, dilates), width(s, strides, dilates);
  const bool depthwise = type == Op::DEPTHWISE_CONV_2D;
  const uint32_t outputs = depthwise ? channels * 2 : groups * s.between(1, 4);
  const OperandId x = s.input({s.between(1, 2), height.size, width.size, channels});
  const OperandId filter = depthwise ? s.constant({1, height.kernel, width.kernel, outputs})
                                     : s.constant({outputs, height.kernel, width.kernel, channels / groups});
  const OperandId bias = s.constant({outputs});
  const OperandId made = s.emit(type,
                                {{"input", x},
                                 {"filter", filter},
                                 {"bias", bias},
                                 {"padding_left", width.before},
                                 {"padding_right", width.after},
                                 {"padding_top", height.before},
                                 {"padding_bottom", height.after},
                                 {"stride_width", static_cast<int32_t>(width.stride)},
                                 {"stride_height", static_cast<int32_t>(height.stride)},
                                 {"activation", static_cast<int32_t>(s.below(2))}},
                                {s.shape_of(x)[0], height.output(), width.output(), outputs});
  graph::Operation& operation = s.last();
  if (depthwise) operation.argument("depth_multiplier") = 2;
  if (type == Op::GROUPED_CONV_2D) operation.argument("num_groups") = static_cast<int32_t>(groups);
  if (dilates) {
    operation.argument("dilation_width") = static_cast<int32_t>(width.dilation);
    operation.argument("dilation_height") = static_cast<int32_t>(height.dilation);
  }
  s.output(made);
}

void dilated(Sketch& s) { convolution(s, Op::CONV_2D, false, true, s.between(1, 4), 1); }
void dilated_strided(Sketch& s) { convolution(s, Op::CONV_2D, true, true, s.between(1, 4), 1); }
void dilated_depthwise(Sketch& s) { convolution(s, Op::DEPTHWISE_CONV_2D, false, true, s.between(1, 4), 1); }
void grouped(Sketch& s) {
  const uint32_t groups = s.between(2, 4);
  convolution(s, Op::GROUPED_CONV_2D, true, false, groups * s.between(1, 3), groups);
}

/// So many zeros that the filter stays in groups, and the dilation in phases.
void large_grouped(Sketch& s) {
  const uint32_t groups = 4, channels = 1024;
  const OperandId x = s.input({1, 2, 2, channels});
  const OperandId filter = s.constant({1032, 2, 2, channels / groups}), bias = s.constant({1032});
  s.output(s.emit(Op::GROUPED_CONV_2D,
                  {{"input", x},
                   {"filter", filter},
                   {"bias", bias},
                   {"padding_left", 0},
                   {"padding_right", 0},
                   {"padding_top", 0},
                   {"padding_bottom", 0},
                   {"stride_width", 1},
                   {"stride_height", 1},
                   {"num_groups", static_cast<int32_t>(groups)}},
                  {1, 1, 1, 1032}));
}

void large_dilated(Sketch& s) {
  const OperandId x = s.input({1, 17, 17, 96});
  const OperandId filter = s.constant({128, 3, 3, 96}), bias = s.constant({128});
  s.output(s.emit(Op::CONV_2D,
                  {{"input", x},
                   {"filter", filter},
                   {"bias", bias},
                   {"padding_left", 9},
                   {"padding_right", 9},
                   {"padding_top", 9},
                   {"padding_bottom", 9},
                   {"stride_width", 1},
                   {"stride_height", 1},
                   {"dilation_width", 9},
                   {"dilation_height", 9}},
                  {1, 17, 17, 128}));
}

void transposed(Sketch& s) {
  struct Side {
    uint32_t size, kernel, stride;
    int32_t before, after;
    uint32_t output() const {
      return static_cast<uint32_t>(static_cast<int32_t>((size - 1) * stride + kernel) - before - after);
    }
  };
  auto side = [&] {
    Side made{s.between(2, 5), s.between(1, 4), s.between(1, 3), 0, 0};
    made.before = static_cast<int32_t>(s.below(made.kernel));
    made.after = static_cast<int32_t>(s.below(made.kernel));
    while (static_cast<int32_t>((made.size - 1) * made.stride + made.kernel) <= made.before + made.after) ++made.size;
    return made;
  };
  const Side height = side();
  Side width = side();
  if (s.coin()) width.stride = height.stride;
  while (static_cast<int32_t>((width.size - 1) * width.stride + width.kernel) <= width.before + width.after)
    ++width.size;
  const uint32_t inputs = s.between(1, 4), outputs = s.between(1, 4);
  const OperandId x = s.input({s.between(1, 2), height.size, width.size, inputs});
  const OperandId filter = s.constant({outputs, height.kernel, width.kernel, inputs}), bias = s.constant({outputs});
  s.output(s.emit(Op::TRANSPOSE_CONV_2D,
                  {{"input", x},
                   {"filter", filter},
                   {"bias", bias},
                   {"padding_left", width.before},
                   {"padding_right", width.after},
                   {"padding_top", height.before},
                   {"padding_bottom", height.after},
                   {"stride_width", static_cast<int32_t>(width.stride)},
                   {"stride_height", static_cast<int32_t>(height.stride)},
                   {"activation", static_cast<int32_t>(s.below(2))}},
                  {s.shape_of(x)[0], height.output(), width.output(), outputs}));
}

// --- Resizing and products.

void resize(Sketch& s, Op type, uint32_t height, uint32_t width, const OperandId x) {
  const bool half = s.coin();
  const bool corners = !half && s.coin();
  const Shape in = s.shape_of(x);
  s.output(s.emit(type,
                  {{"input", x},
                   {"output_width", static_cast<int32_t>(width)},
                   {"output_height", static_cast<int32_t>(height)},
                   {"half_pixel_centers", half},
                   {"align_corners", corners}},
                  {in[0], height, width, in[3]}));
}

template <Op type>
void resize_any(Sketch& s) {
  const OperandId x = s.input(s.shape(4, 7));
  resize(s, type, s.between(1, 14), s.between(1, 14), x);
}

template <Op type>
void resize_whole(Sketch& s) {
  const OperandId x = s.input(s.shape(4, 5));
  const uint32_t factor = 1u << s.between(1, 3);
  resize(s, type, s.shape_of(x)[1] * factor, s.shape_of(x)[2] * factor, x);
}

void batched_product(Sketch& s) {
  const uint32_t batches = s.between(1, 3), rows = s.between(1, 4), inner = s.between(1, 4), columns = s.between(1, 4);
  const bool adjoint_x = s.coin(), adjoint_y = s.coin();
  const OperandId a = s.input(adjoint_x ? Shape{batches, inner, rows} : Shape{batches, rows, inner});
  const OperandId b = s.input(adjoint_y ? Shape{batches, columns, inner} : Shape{batches, inner, columns});
  s.output(s.emit(Op::BATCH_MATMUL, {{"input1", a}, {"input2", b}, {"adj_x", adjoint_x}, {"adj_y", adjoint_y}},
                  {batches, rows, columns}));
}

// --- Integers.

void output_integers(Sketch& s, OperandId id) { s.output(s.emit(Op::CAST, {{"input", id}}, s.shape_of(id))); }

OperandId arithmetic(Sketch& s, Op type, OperandId a, OperandId b) {
  return s.emit_integers(type, {{"input1", a}, {"input2", b}}, s.shape_of(a));
}

/// Numbers from 0 to the size of a dimension.
OperandId places(Sketch& s, const Shape& shape) {
  const OperandId x = s.input(shape);
  return s.emit_integers(Op::ARGMAX, {{"input", x}, {"axis", 0}}, {shape.begin() + 1, shape.end()});
}

void integer_arithmetic(Sketch& s) {
  const Shape shape{5, s.between(1, 4), s.between(1, 4)};
  const OperandId a = places(s, shape), b = places(s, shape);
  const OperandId sum = arithmetic(s, Op::ADD, arithmetic(s, Op::MUL, a, s.list({-1000})), b);
  output_integers(s, arithmetic(s, Op::SUB, sum, s.list({7})));
}

void too_large_products(Sketch& s) {
  const OperandId a = places(s, {5, 3});
  output_integers(s, arithmetic(s, Op::MUL, a, s.list({5000000})));
}

void integer_magnitudes(Sketch& s) {
  const OperandId a = s.emit_integers(Op::NEG, {{"input", places(s, {5, 3, 4})}}, {3, 4});
  output_integers(s, s.emit_integers(Op::ABS, {{"input", a}}, {3, 4}));
}

OperandId reshaped_integers(Sketch& s, OperandId integers, const Shape& shape) {
  const OperandId sizes = s.list({shape.begin(), shape.end()});
  return s.emit_integers(Op::RESHAPE, {{"input", integers}, {"shape", sizes}}, shape);
}

void reshaped_places(Sketch& s) { output_integers(s, reshaped_integers(s, places(s, {9, 2, 3, 4}), {6, 4})); }

/// Of any size.
OperandId integers(Sketch& s, const Shape& shape) {
  const OperandId large = s.binary(Op::MUL, s.input(shape), s.scalar(1e9f));
  return s.emit_integers(Op::CAST, {{"input", large}}, shape);
}

void reshaped_list(Sketch& s) { output_integers(s, reshaped_integers(s, integers(s, {12}), {2, 2, 3})); }

void reshaped_large(Sketch& s) {  // their last digits too
  const OperandId reshaped = reshaped_integers(s, integers(s, {2, 3, 4}), {4, 6});
  const OperandId thousand = s.list({1000});
  const OperandId whole = arithmetic(s, Op::MUL, arithmetic(s, Op::DIV, reshaped, thousand), thousand);
  output_integers(s, reshaped);
  output_integers(s, arithmetic(s, Op::SUB, reshaped, whole));
}

/// An input that NNAPI takes in another shape.
void reshaped_input(Sketch& s) {
  const OperandId x = s.integer_input({3, 1, 4});
  output_integers(s, reshaped_integers(s, x, {12}));
}

void embedding(Sketch& s) {
  const OperandId indices = s.integer_input({2, 3}), table = s.constant({7, 5});
  s.output(s.emit(Op::GATHER, {{"input", table}, {"axis", 0}, {"indices", indices}}, {2, 3, 5}));
}

constexpr Case cases[] = {
    {"ABS", of_one<Op::ABS>, 1, exactly},
    {"NEG", of_one<Op::NEG>, 1, exactly},
    {"EXP", of_one<Op::EXP>, 1, to_rounding},
    {"HARD_SWISH", of_one<Op::HARD_SWISH>, 1, to_rounding},
    {"SQRT", of_positive<Op::SQRT>, 1, to_rounding},
    {"RSQRT", of_positive<Op::RSQRT>, 1, to_rounding},
    {"LOG", of_positive<Op::LOG>, 3, to_rounding},
    {"SIN", of_one<Op::SIN>, 3, to_rounding},
    {"SUB", of_two<Op::SUB>, 1, exactly},
    {"SUB of a constant", difference_from_constant, 1, exactly},
    {"DIV", quotient, 1, to_rounding},
    {"DIV by a constant", quotient_by_constant, 1, to_rounding},
    {"MAXIMUM", of_two<Op::MAXIMUM>, 1, exactly},
    {"MINIMUM", of_two<Op::MINIMUM>, 1, exactly},
    {"MAXIMUM of a number", with_number<Op::MAXIMUM>, 1, to_rounding},
    {"MINIMUM of a number", with_number<Op::MINIMUM>, 1, to_rounding},
    {"MINIMUM of MAXIMUM", clamp, 1, to_rounding},
    {"POW", power, 1, to_rounding},
    {"PRELU", leaky, 1, to_rounding},
    {"ELU", exponential_unit, 1, to_rounding},

    {"ADD, SUB, MUL of integers", integer_arithmetic, 3, exactly},
    {"MUL of integers to over 2^24", too_large_products, 4, exactly},
    {"ABS of integers", integer_magnitudes, 3, exactly},
    {"RESHAPE of small integers", reshaped_places, 3, exactly},
    {"RESHAPE of a list of integers", reshaped_list, 3, exactly},
    {"RESHAPE of integers", reshaped_large, 4, exactly},

    {"RESHAPE of an input of integers", reshaped_input, 3, exactly},
    {"GATHER of computed rows", embedding, 1, exactly},

    {"SLICE", slice, 1, exactly},
    {"SLICE of long rows", wide_slice, 1, exactly},
    {"STRIDED_SLICE", strided_slice, 1, exactly},
    {"SPLIT", split, 1, exactly},
    {"GATHER", gather, 1, exactly},
    {"GATHER in order", gather_ordered, 1, exactly},
    {"GATHER of many", gather_scattered, 1, exactly},
    {"TILE", tile, 1, exactly},
    {"PAD", pad_zeros, 1, exactly},
    {"PAD_V2", pad_value, 1, exactly},
    {"MIRROR_PAD", mirror_pad, 1, exactly},
    {"REVERSE", reverse, 1, exactly},
    {"PACK", pack, 1, exactly},
    {"TRANSPOSE", transpose, 1, exactly},
    {"TRANSPOSE of divisible sizes", transpose_divisible, 1, exactly},
    {"TRANSPOSE of many", transpose_large, 1, exactly},
    {"CHANNEL_SHUFFLE", channel_shuffle, 1, exactly},

    {"MEAN", reduction<Op::MEAN>, 1, to_rounding},
    {"REDUCE_SUM", reduction<Op::REDUCE_SUM>, 1, to_rounding},
    {"REDUCE_MAX", reduction<Op::REDUCE_MAX>, 1, exactly},
    {"REDUCE_MIN", reduction<Op::REDUCE_MIN>, 1, exactly},
    {"REDUCE_PROD", reduction<Op::REDUCE_PROD>, 1, to_rounding},
    {"SOFTMAX", softmax, 1, to_rounding},
    {"LOG_SOFTMAX", log_softmax, 3, to_rounding},
    {"INSTANCE_NORMALIZATION", instance_normalisation, 1, to_rounding},

    {"CONV_2D, dilated", dilated, 1, to_rounding},
    {"CONV_2D, dilated, with strides", dilated_strided, 1, to_rounding},
    {"DEPTHWISE_CONV_2D, dilated", dilated_depthwise, 1, to_rounding},
    {"GROUPED_CONV_2D", grouped, 1, to_rounding},
    {"TRANSPOSE_CONV_2D", transposed, 1, to_rounding},

    {"RESIZE_NEAREST_NEIGHBOR", resize_any<Op::RESIZE_NEAREST_NEIGHBOR>, 1, exactly},
    {"RESIZE_NEAREST_NEIGHBOR by a factor", resize_whole<Op::RESIZE_NEAREST_NEIGHBOR>, 1, exactly},
    {"RESIZE_BILINEAR", resize_any<Op::RESIZE_BILINEAR>, 1, to_rounding},
    {"RESIZE_BILINEAR by a factor", resize_whole<Op::RESIZE_BILINEAR>, 1, to_rounding},
    {"BATCH_MATMUL", batched_product, 1, to_rounding},
};

constexpr Case large_cases[] = {
    {"GROUPED_CONV_2D of many channels", large_grouped, 1, to_rounding},
    {"CONV_2D, far dilated", large_dilated, 1, to_rounding},
};

}  // namespace

TEST_CASE("every rewrite computes what the operation does") {
  for (const Case& each : cases) {
    DYNAMIC_SECTION(each.name) {
      for (uint32_t seed = 0; seed < 24; ++seed) require_rewritten(each, seed);
    }
  }
}

TEST_CASE("so do the rewrites of large operations") {
  for (const Case& each : large_cases) {
    DYNAMIC_SECTION(each.name) { require_rewritten(each, 1); }
  }
}

}  // namespace passerelle::tests
