#include "random_graph.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <random>

namespace passerelle::tests {
namespace {

using graph::Constant;
using graph::Graph;
using graph::OperandId;
using graph::Permutation;
using graph::Shape;
using graph::TensorType;
using Op = graph::OperationType;

constexpr size_t largest = 20000;  // elements of a tensor

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  graph::Module make(int operations) {
    int inputs = 1 + below(2);
    for (int i = 0; i < inputs; ++i) add_input({1 + size(2), size(6), size(6) + 2, size(6) + 2});
    for (int i = 0; i < operations; ++i) step();
    int outputs = 1 + below(2);
    for (int i = 0; i < outputs; ++i)
      add_output(values_[values_.size() - 1 - static_cast<size_t>(below(static_cast<int>(values_.size())))]);
    add_output(values_.back());
    graph_.remove_dead();
    return std::move(module_);
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<uint32_t>(limit)); }
  uint32_t size(int limit) { return static_cast<uint32_t>(1 + below(limit)); }
  const Shape& shape(OperandId id) const { return graph_.shape(id); }
  static TensorType floats(Shape shape) { return {graph::OperandType::TENSOR_FLOAT32, std::move(shape), {}}; }

  void add_input(Shape shape) {
    graph::Port port;
    port.name = "x" + std::to_string(graph_.inputs.size());
    port.shape = shape;
    values_.push_back(graph_.add_operand(floats(std::move(shape))));
    module_.add_input(values_.back(), std::move(port));
  }

  void add_output(OperandId id) {
    graph::Port port;
    port.name = "output" + std::to_string(graph_.outputs.size());
    port.shape = shape(id);
    module_.add_output(id, std::move(port));
  }

  OperandId pick() {
    // Late values are likelier, so that graphs grow deep.
    size_t from = below(3) == 0 ? 0 : values_.size() - std::min<size_t>(values_.size(), 3);
    return values_[from + static_cast<size_t>(below(static_cast<int>(values_.size() - from)))];
  }

  OperandId emit(Op type, graph::NamedArguments arguments, Shape output) {
    return graph_.append(type, arguments, floats(std::move(output)), 0);
  }
  OperandId list(std::vector<int32_t> values) { return graph_.add_constant(Constant::list(values)); }
  OperandId random_constant(Shape shape, float low = -1, float high = 1) {
    std::uniform_real_distribution<float> distribution(low, high);
    std::vector<float> values(graph::element_count(shape));
    for (float& value : values) value = distribution(random_);
    return graph_.add_constant(Constant::from(std::move(values), std::move(shape)));
  }
  OperandId transpose(OperandId id, const Permutation& permutation) {
    return emit(Op::TRANSPOSE, {{"input", id}, {"permutation", list({permutation.begin(), permutation.end()})}},
                graph::permuted(shape(id), permutation));
  }
  OperandId reshape(OperandId id, Shape to) {
    OperandId sizes = list({to.begin(), to.end()});
    return emit(Op::RESHAPE, {{"input", id}, {"shape", sizes}}, std::move(to));
  }

  void step() {
    OperandId x = pick();
    size_t before = graph_.operations.size();
    OperandId made = x;
    switch (below(20)) {
      case 0:
      case 1: made = convolution(x); break;
      case 2: made = pool(x); break;
      case 3:
      case 4: made = unary(x); break;
      case 5:
      case 6: made = with_constant(x); break;
      case 7:
      case 8: made = with_value(x); break;
      case 9: made = concatenation(x); break;
      case 10: made = slice(x); break;
      case 11: made = pad(x); break;
      case 12: made = reduction(x); break;
      case 13: made = any_reshape(x); break;
      case 14: made = below(2) ? any_transpose(x) : softmax(x); break;
      case 15: made = gather(x); break;
      case 16: made = below(2) ? tile(x) : channel_shuffle(x); break;
      case 17: made = split(x); break;
      case 18: made = below(2) ? transposed_convolution(x) : grouped_convolution(x); break;
      default: made = below(2) ? linear(x) : resize(x); break;
    }
    if (graph_.operations.size() > before && graph::element_count(shape(made)) <= largest) values_.push_back(made);
  }

  OperandId convolution(OperandId x) {
    if (shape(x).size() != 4) return x;
    OperandId nhwc = transpose(x, graph::nchw_to_nhwc);
    const Shape in = shape(nhwc);
    bool depthwise = below(3) == 0;
    uint32_t kernel = size(2), channels = depthwise ? in[3] * size(2) : size(8);
    int32_t padding = kernel == 1 ? 0 : below(2), stride = 1 + below(2), dilation = 1 + (below(4) == 0 ? below(3) : 0);
    uint32_t reach = (kernel - 1) * static_cast<uint32_t>(dilation) + 1;
    auto extent = [&](uint32_t given) {
      return (given + 2 * static_cast<uint32_t>(padding) - reach) / static_cast<uint32_t>(stride) + 1;
    };
    if (in[1] + 2 * static_cast<uint32_t>(padding) < reach || in[2] + 2 * static_cast<uint32_t>(padding) < reach)
      return x;
    Shape out{in[0], extent(in[1]), extent(in[2]), channels};
    OperandId bias = random_constant({channels});
    OperandId made;
    if (depthwise)
      made = emit(Op::DEPTHWISE_CONV_2D,
                  {{"input", nhwc},
                   {"filter", random_constant({1, kernel, kernel, channels})},
                   {"bias", bias},
                   {"padding_left", padding},
                   {"padding_right", padding},
                   {"padding_top", padding},
                   {"padding_bottom", padding},
                   {"stride_width", stride},
                   {"stride_height", stride},
                   {"depth_multiplier", static_cast<int32_t>(channels / in[3])}},
                  out);
    else
      made = emit(Op::CONV_2D,
                  {{"input", nhwc},
                   {"filter", random_constant({channels, kernel, kernel, in[3]})},
                   {"bias", bias},
                   {"padding_left", padding},
                   {"padding_right", padding},
                   {"padding_top", padding},
                   {"padding_bottom", padding},
                   {"stride_width", stride},
                   {"stride_height", stride}},
                  out);
    graph_.operations.back().argument("dilation_width") = dilation;
    graph_.operations.back().argument("dilation_height") = dilation;
    return transpose(made, graph::nhwc_to_nchw);
  }

  OperandId grouped_convolution(OperandId x) {
    if (shape(x).size() != 4 || shape(x)[1] % 2 != 0) return x;
    OperandId nhwc = transpose(x, graph::nchw_to_nhwc);
    Shape out = shape(nhwc);
    uint32_t inputs = out[3];
    out[3] = 2 * size(3);
    OperandId made = emit(Op::GROUPED_CONV_2D,
                          {{"input", nhwc},
                           {"filter", random_constant({out[3], 3, 3, inputs / 2})},
                           {"bias", random_constant({out[3]})},
                           {"padding_left", 1},
                           {"padding_right", 1},
                           {"padding_top", 1},
                           {"padding_bottom", 1},
                           {"stride_width", 1},
                           {"stride_height", 1},
                           {"num_groups", 2}},
                          out);
    return transpose(made, graph::nhwc_to_nchw);
  }

  OperandId transposed_convolution(OperandId x) {
    if (shape(x).size() != 4) return x;
    OperandId nhwc = transpose(x, graph::nchw_to_nhwc);
    uint32_t kernel = 1 + size(3), stride = size(2), channels = size(4);
    Shape out = shape(nhwc), filter{channels, kernel, kernel, out[3]};
    out = {out[0], (out[1] - 1) * stride + kernel - 1, (out[2] - 1) * stride + kernel - 1, channels};
    OperandId made = emit(Op::TRANSPOSE_CONV_2D,
                          {{"input", nhwc},
                           {"filter", random_constant(filter)},
                           {"bias", random_constant({channels})},
                           {"padding_left", 1},
                           {"padding_right", 0},
                           {"padding_top", 0},
                           {"padding_bottom", 1},
                           {"stride_width", static_cast<int32_t>(stride)},
                           {"stride_height", static_cast<int32_t>(stride)}},
                          out);
    return transpose(made, graph::nhwc_to_nchw);
  }

  OperandId gather(OperandId x) {
    int32_t axis = below(static_cast<int>(shape(x).size()));
    Shape out = shape(x);
    uint32_t& along = out[static_cast<size_t>(axis)];
    std::vector<int32_t> indices(size(6));
    for (int32_t& each : indices) each = below(static_cast<int>(along));
    along = static_cast<uint32_t>(indices.size());
    return emit(Op::GATHER, {{"input", x}, {"axis", axis}, {"indices", list(indices)}}, out);
  }

  OperandId tile(OperandId x) {
    Shape out = shape(x);
    std::vector<int32_t> multiples;
    for (uint32_t& each : out) {
      multiples.push_back(1 + below(2));
      each *= static_cast<uint32_t>(multiples.back());
    }
    return emit(Op::TILE, {{"input", x}, {"multiples", list(multiples)}}, out);
  }

  OperandId channel_shuffle(OperandId x) {
    int32_t axis = below(static_cast<int>(shape(x).size()));
    uint32_t groups = 1 + size(3);
    if (shape(x)[static_cast<size_t>(axis)] % groups != 0) return x;
    return emit(Op::CHANNEL_SHUFFLE, {{"input", x}, {"num_groups", static_cast<int32_t>(groups)}, {"axis", axis}},
                shape(x));
  }

  OperandId split(OperandId x) {
    int32_t axis = below(static_cast<int>(shape(x).size()));
    Shape part = shape(x);
    if (part[static_cast<size_t>(axis)] % 2 != 0) return x;
    part[static_cast<size_t>(axis)] /= 2;
    graph::Operation operation = graph_.make_operation(Op::SPLIT, {{"input", x}, {"axis", axis}, {"num_splits", 2}},
                                                       {floats(part), floats(part)}, 0);
    std::vector<OperandId> parts = operation.outputs;
    graph_.operations.push_back(std::move(operation));
    values_.push_back(parts[0]);
    return parts[1];
  }

  OperandId pool(OperandId x) {
    if (shape(x).size() != 4 || shape(x)[2] < 2 || shape(x)[3] < 2) return x;
    OperandId nhwc = transpose(x, graph::nchw_to_nhwc);
    Shape out = shape(nhwc);
    out[1] -= 1;
    out[2] -= 1;
    OperandId made = emit(below(2) ? Op::MAX_POOL_2D : Op::AVERAGE_POOL_2D,
                          {{"input", nhwc},
                           {"padding_left", 0},
                           {"padding_right", 0},
                           {"padding_top", 0},
                           {"padding_bottom", 0},
                           {"stride_width", 1},
                           {"stride_height", 1},
                           {"filter_width", 2},
                           {"filter_height", 2}},
                          out);
    return transpose(made, graph::nhwc_to_nchw);
  }

  OperandId unary(OperandId x) {
    constexpr Op types[] = {Op::RELU,  Op::RELU6,      Op::TANH, Op::LOGISTIC, Op::ABS,
                            Op::RELU1, Op::HARD_SWISH, Op::NEG,  Op::ELU,      Op::PRELU};
    Op type = types[below(std::size(types))];
    if (type == Op::ELU) return emit(type, {{"input", x}, {"alpha", 0.8f}}, shape(x));
    if (type == Op::PRELU) return emit(type, {{"input", x}, {"alpha", random_constant({1})}}, shape(x));
    return emit(type, {{"input", x}}, shape(x));
  }

  OperandId with_constant(OperandId x) {
    Shape broadcast = shape(x);
    for (uint32_t& each : broadcast)
      if (below(2)) each = 1;
    if (shape(x).size() == 4 && below(2)) broadcast = {1, shape(x)[1], 1, 1};
    if (below(5) == 0) broadcast = {1};
    constexpr Op types[] = {Op::ADD, Op::MUL, Op::SUB, Op::DIV, Op::MAXIMUM, Op::MINIMUM};
    OperandId constant = random_constant(broadcast, 0.5f, 1.5f);
    Op type = types[below(std::size(types))];
    if (below(4) == 0 && type != Op::DIV) return emit(type, {{"input1", constant}, {"input2", x}}, shape(x));
    return emit(type, {{"input1", x}, {"input2", constant}}, shape(x));
  }

  /// Another value of the same shape, or one that can be broadcast.
  OperandId with_value(OperandId x) {
    std::vector<OperandId> fitting;
    for (OperandId id : values_)
      if (shape(id).size() == shape(x).size() && std::equal(shape(id).begin(), shape(id).end(), shape(x).begin(),
                                                            [](uint32_t a, uint32_t b) { return a == b || a == 1; }))
        fitting.push_back(id);
    OperandId y = fitting[static_cast<size_t>(below(static_cast<int>(fitting.size())))];
    constexpr Op types[] = {Op::ADD, Op::MUL, Op::SUB, Op::MAXIMUM, Op::MINIMUM};
    return emit(types[below(std::size(types))], {{"input1", x}, {"input2", y}}, shape(x));
  }

  OperandId concatenation(OperandId x) {
    int axis = below(static_cast<int>(shape(x).size()));
    std::vector<OperandId> parts{x};
    for (OperandId id : values_) {
      Shape other = shape(id);
      if (other.size() != shape(x).size()) continue;
      other[static_cast<size_t>(axis)] = shape(x)[static_cast<size_t>(axis)];
      if (other == shape(x) && parts.size() < 3) parts.push_back(id);
    }
    Shape out = shape(x);
    out[static_cast<size_t>(axis)] = 0;
    for (OperandId id : parts) out[static_cast<size_t>(axis)] += shape(id)[static_cast<size_t>(axis)];
    return emit(Op::CONCATENATION, {{"inputs", parts}, {"axis", axis}}, out);
  }

  OperandId slice(OperandId x) {
    std::vector<int32_t> begin;
    Shape out;
    for (uint32_t each : shape(x)) {
      begin.push_back(below(static_cast<int>(std::min(each, 2u))));
      out.push_back(size(static_cast<int>(each) - begin.back()));
    }
    return emit(Op::SLICE, {{"input", x}, {"begin", list(begin)}, {"size", list({out.begin(), out.end()})}}, out);
  }

  OperandId pad(OperandId x) {
    std::vector<int32_t> paddings;
    Shape out = shape(x);
    bool image_only = below(2);
    for (size_t i = 0; i < out.size(); ++i) {
      int32_t before = image_only && i < 2 ? 0 : below(2), after = image_only && i < 2 ? 0 : below(2);
      paddings.insert(paddings.end(), {before, after});
      out[i] += static_cast<uint32_t>(before + after);
    }
    OperandId rows = graph_.add_constant(Constant::from(paddings, {static_cast<uint32_t>(out.size()), 2}));
    OperandId padded = emit(Op::PAD, {{"input", x}, {"paddings", rows}}, out);
    return below(2) ? convolution(padded) : padded;
  }

  OperandId reduction(OperandId x) {
    if (shape(x).size() < 2) return x;
    std::vector<int32_t> axes;
    for (size_t i = 1; i < shape(x).size(); ++i)
      if (below(2)) axes.push_back(static_cast<int32_t>(i));
    if (axes.empty()) axes.push_back(1);
    bool keep = below(2);
    Shape out;
    for (size_t i = 0; i < shape(x).size(); ++i) {
      bool reduced = std::find(axes.begin(), axes.end(), static_cast<int32_t>(i)) != axes.end();
      if (!reduced)
        out.push_back(shape(x)[i]);
      else if (keep)
        out.push_back(1);
    }
    constexpr Op types[] = {Op::MEAN, Op::REDUCE_MAX, Op::REDUCE_MIN, Op::REDUCE_SUM};
    Op type = types[below(std::size(types))];
    if (type == Op::MEAN) return emit(type, {{"input", x}, {"axes", list(axes)}, {"keep_dims", keep ? 1 : 0}}, out);
    return emit(type, {{"input", x}, {"axes", list(axes)}, {"keep_dims", keep}}, out);
  }

  OperandId any_reshape(OperandId x) {
    Shape to = shape(x);
    switch (below(4)) {
      case 0: {  // join neighbours
        if (to.size() < 2) return x;
        size_t at = static_cast<size_t>(below(static_cast<int>(to.size()) - 1));
        to[at] *= to[at + 1];
        to.erase(to.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        break;
      }
      case 1: {  // split
        if (to.size() > 3) return x;
        size_t at = static_cast<size_t>(below(static_cast<int>(to.size())));
        uint32_t factor = to[at] % 2 == 0 ? 2 : to[at] % 3 == 0 ? 3 : 1;
        to[at] /= factor;
        to.insert(to.begin() + static_cast<std::ptrdiff_t>(at), factor);
        break;
      }
      case 2:  // add a dimension of size 1
        if (to.size() > 3) return x;
        to.insert(to.begin() + below(static_cast<int>(to.size()) + 1), 1);
        break;
      default: {  // drop those of size 1
        if (to.size() < 2) return x;
        Shape kept;
        for (uint32_t each : to)
          if (each != 1 || below(2)) kept.push_back(each);
        if (kept.empty()) return x;
        to = kept;
      }
    }
    return reshape(x, to);
  }

  OperandId any_transpose(OperandId x) {
    Permutation permutation = graph::identity_permutation(shape(x).size());
    std::shuffle(permutation.begin(), permutation.end(), random_);
    return transpose(x, permutation);
  }

  OperandId softmax(OperandId x) {
    int32_t axis = below(static_cast<int>(shape(x).size()));
    return emit(Op::SOFTMAX, {{"input", x}, {"beta", 1.0f}, {"axis", axis}}, shape(x));
  }

  /// Flatten all but the first dimension, then a matrix.
  OperandId linear(OperandId x) {
    const Shape in = shape(x);
    uint32_t columns = std::accumulate(in.begin() + 1, in.end(), 1u, std::multiplies<>());
    if (in.size() < 2) return x;
    OperandId flat = in.size() == 2 ? x : reshape(x, {in[0], columns});
    uint32_t units = size(8);
    return emit(Op::FULLY_CONNECTED,
                {{"input", flat}, {"weights", random_constant({units, columns})}, {"bias", random_constant({units})}},
                {in[0], units});
  }

  OperandId resize(OperandId x) {
    if (shape(x).size() != 4) return x;
    OperandId nhwc = transpose(x, graph::nchw_to_nhwc);
    Shape out = shape(nhwc);
    out[1] = size(9);
    out[2] = size(9);
    bool linear = below(2), half = below(2);
    OperandId made = emit(linear ? Op::RESIZE_BILINEAR : Op::RESIZE_NEAREST_NEIGHBOR,
                          {{"input", nhwc},
                           {"output_width", static_cast<int32_t>(out[2])},
                           {"output_height", static_cast<int32_t>(out[1])},
                           {"half_pixel_centers", half},
                           {"align_corners", !half && below(2) == 0}},
                          out);
    return transpose(made, graph::nhwc_to_nchw);
  }

  std::mt19937 random_;
  graph::Module module_;
  Graph& graph_ = module_.main();
  std::vector<OperandId> values_;
};

}  // namespace

graph::Module random_graph(uint32_t seed, int operations) { return Generator(seed).make(operations); }

}  // namespace passerelle::tests
