// What the target level lacks, written exactly with what it has. One row an operation in `rewrites`; a rewrite is asked
// only where lib/nnapi says that the operation as it stands is not legal at the target level.
#include <cmath>

#include "editor.h"
#include "legality.h"
#include "passes.h"
#include "rewrite_batch_matmul.h"

namespace passerelle::passes {
namespace {

/// Puts something else in the operation's place; false where it can't: then the operation stays, and is reported.
using Rewrite = bool (*)(Editor&, const Operation&);

/// x · relu6(x + 3) / 6
bool rewrite_hard_swish(Editor& editor, const Operation& operation) {
  OperandId input = operation.operand("input");
  const TensorType type = editor.graph().type(input);
  if (type.type != OperandType::TENSOR_FLOAT32) return false;
  constexpr int32_t relu6 = 3;
  OperandId gate = editor.emit(Op::ADD, {{"input1", input}, {"input2", editor.scalar(3)}, {"activation", relu6}}, type);
  OperandId share = editor.binary(Op::MUL, gate, editor.scalar(1.0f / 6));
  editor.replace(operation.output(), editor.binary(Op::MUL, input, share));
  return true;
}

/// relu(x) + alpha · (exp(min(x, 0)) - 1)
bool rewrite_elu(Editor& editor, const Operation& operation) {
  OperandId input = operation.operand("input");
  if (editor.graph().type(input).type != OperandType::TENSOR_FLOAT32) return false;
  OperandId negative = editor.binary(Op::MINIMUM, input, editor.scalar(0));
  OperandId decayed = editor.binary(Op::SUB, editor.unary(Op::EXP, negative), editor.scalar(1));
  OperandId scaled = editor.binary(Op::MUL, decayed, editor.scalar(operation.real("alpha")));
  editor.replace(operation.output(), editor.binary(Op::ADD, editor.unary(Op::RELU, input), scaled));
  return true;
}

/// Where a resized image samples its operand along one axis: (1 - weight) · x[low] + weight · x[high].
struct Sampling {
  std::vector<int32_t> low, high;
  std::vector<float> weight;
};

/// The coordinate that a result's element has in the operand (NNAPI's RESIZE flags; the same formulas as PyTorch's).
double source_coordinate(const Operation& resize, double element, double input_size, double output_size) {
  if (resize.boolean("align_corners")) return output_size > 1 ? element * (input_size - 1) / (output_size - 1) : 0;
  double scale = input_size / output_size;
  if (resize.boolean("half_pixel_centers")) return (element + 0.5) * scale - 0.5;
  return element * scale;
}

Sampling linear_sampling(const Operation& resize, uint32_t input_size, uint32_t output_size) {
  Sampling sampling;
  for (uint32_t i = 0; i < output_size; ++i) {
    double source = std::max(0.0, source_coordinate(resize, i, input_size, output_size));
    auto low = std::min(static_cast<int32_t>(source), static_cast<int32_t>(input_size) - 1);
    sampling.low.push_back(low);
    sampling.high.push_back(std::min(low + 1, static_cast<int32_t>(input_size) - 1));
    sampling.weight.push_back(static_cast<float>(source - low));
  }
  return sampling;
}

OperandId gather(Editor& editor, OperandId input, int32_t axis, const std::vector<int32_t>& indices) {
  TensorType type = editor.graph().type(input);
  type.shape[static_cast<size_t>(axis)] = static_cast<uint32_t>(indices.size());
  return editor.emit(Op::GATHER, {{"input", input}, {"axis", axis}, {"indices", editor.list(indices)}},
                     std::move(type));
}

bool is_whole(const std::vector<int32_t>& indices, uint32_t size) {
  if (indices.size() != size) return false;
  for (uint32_t i = 0; i < size; ++i)
    if (indices[i] != static_cast<int32_t>(i)) return false;
  return true;
}

OperandId interpolate(Editor& editor, OperandId input, int32_t axis, const Sampling& sampling) {
  uint32_t size = editor.graph().shape(input)[static_cast<size_t>(axis)];
  bool exact = true;
  for (size_t i = 0; i < sampling.weight.size(); ++i)
    exact &= sampling.weight[i] == 0 || sampling.low[i] == sampling.high[i];
  OperandId low = exact && is_whole(sampling.low, size) ? input : gather(editor, input, axis, sampling.low);
  if (exact) return low;
  OperandId step = editor.binary(Op::SUB, gather(editor, input, axis, sampling.high), low);
  Shape along(editor.graph().shape(input).size(), 1);
  along[static_cast<size_t>(axis)] = static_cast<uint32_t>(sampling.weight.size());
  OperandId weight = editor.graph().add_constant(Constant::from(sampling.weight, along));
  return editor.binary(Op::ADD, low, editor.binary(Op::MUL, step, weight));
}

/// Two gathers and a weighted sum for each axis: exact for any size, and without a layout of its own.
bool rewrite_resize_bilinear(Editor& editor, const Operation& operation) {
  const Shape input = editor.graph().shape(operation.operand("input"));
  const Shape output = editor.graph().shape(operation.output());
  if (operation.boolean("nchw") || editor.graph().type(operation.output()).type != OperandType::TENSOR_FLOAT32)
    return false;
  OperandId value = operation.operand("input");
  // The axis that shrinks the image more, or enlarges it less, goes first.
  bool height_first = static_cast<uint64_t>(output[1]) * input[2] <= static_cast<uint64_t>(output[2]) * input[1];
  for (int32_t axis : {height_first ? 1 : 2, height_first ? 2 : 1}) {
    auto at = static_cast<size_t>(axis);
    value = interpolate(editor, value, axis, linear_sampling(operation, input[at], output[at]));
  }
  editor.replace(operation.output(), value);
  return true;
}

bool rewrite_resize_nearest(Editor& editor, const Operation& operation) {
  const Shape input = editor.graph().shape(operation.operand("input"));
  const Shape output = editor.graph().shape(operation.output());
  if (operation.boolean("nchw")) return false;
  OperandId value = operation.operand("input");
  for (int32_t axis : {1, 2}) {
    auto at = static_cast<size_t>(axis);
    std::vector<int32_t> indices;
    for (uint32_t i = 0; i < output[at]; ++i) {
      double source = source_coordinate(operation, i, input[at], output[at]);
      // With half pixels the coordinate is that of the pixel's centre; with aligned corners the nearest one is taken.
      double nearest = operation.boolean("align_corners") || operation.boolean("half_pixel_centers")
                           ? std::floor(source + 0.5)
                           : std::floor(source);
      indices.push_back(std::min(std::max(static_cast<int32_t>(nearest), 0), static_cast<int32_t>(input[at]) - 1));
    }
    if (!is_whole(indices, input[at])) value = gather(editor, value, axis, indices);
  }
  editor.replace(operation.output(), value);
  return true;
}

/// GATHER with the indices counted down.
bool rewrite_reverse(Editor& editor, const Operation& operation) {
  std::optional<std::vector<int32_t>> axes = constant_list(editor.graph(), operation.operand("axis"));
  if (!axes) return false;
  OperandId value = operation.operand("input");
  for (int32_t axis : *axes) {
    uint32_t at = normalised_axis(axis, editor.graph().shape(value).size());
    uint32_t size = editor.graph().shape(value)[at];
    std::vector<int32_t> indices;
    for (uint32_t i = size; i-- > 0;) indices.push_back(static_cast<int32_t>(i));
    value = gather(editor, value, static_cast<int32_t>(at), indices);
  }
  editor.replace(operation.output(), value);
  return true;
}

struct Row {
  OperationType type;
  Rewrite rewrite;
};

constexpr Row rewrites[] = {
    {Op::BATCH_MATMUL, rewrite_batch_matmul},
    {Op::ELU, rewrite_elu},
    {Op::HARD_SWISH, rewrite_hard_swish},
    {Op::RESIZE_BILINEAR, rewrite_resize_bilinear},
    {Op::RESIZE_NEAREST_NEIGHBOR, rewrite_resize_nearest},
    {Op::REVERSE, rewrite_reverse},
};

}  // namespace

void legalise(Graph& graph, const Target& target) {
  Editor editor(graph);
  editor.run([&](Operation operation) {
    if (operation.type) {
      for (const Row& row : rewrites) {
        if (row.type != operation.type) continue;
        nnapi::Legality legal = legality(graph, operation);
        if ((!legal || legal.level > target.feature_level) && row.rewrite(editor, operation)) return;
      }
    }
    editor.keep(std::move(operation));
  });
}

}  // namespace passerelle::passes
