// A MUL, DIV, ADD or SUB of constants behind a convolution or a linear layer, one number an output channel (batch
// normalisation, mostly), becomes part of its weights and bias; so does a CHANNEL_SHUFFLE (before DEPTH_TO_SPACE, which
// orders channels otherwise than pixel_shuffle: docs/nnapi.md). Runs after layout, when channels are the last
// dimension.
#include <algorithm>
#include <cmath>
#include <map>

#include "editor.h"
#include "passes.h"
#include "reads.h"

namespace passerelle::passes {
namespace {

struct Layer {
  std::string_view weights;
  size_t channel_dimension;  // of the weights: the output channel
};

std::optional<Layer> layer(const Operation& operation) {
  if (!operation.type) return std::nullopt;
  switch (*operation.type) {
    case Op::CONV_2D:
    case Op::GROUPED_CONV_2D:
    case Op::TRANSPOSE_CONV_2D: return Layer{"filter", 0};
    case Op::DEPTHWISE_CONV_2D: return Layer{"filter", 3};
    case Op::FULLY_CONNECTED: return Layer{"weights", 0};
    default: return std::nullopt;
  }
}

/// A factor that weights of usual size survive: infinities and vanishing products must not move ahead of the sum.
bool is_moderate(float factor) {
  const float magnitude = std::abs(factor);
  return magnitude == 0 || (magnitude > 1e-12f && magnitude < 1e12f);
}

class WeightFolder {
 public:
  explicit WeightFolder(Graph& graph)
      : graph_(graph), readers_(graph.consumers()), returned_(returned_operands(graph)), editor_(graph) {}

  void run() {
    editor_.run([&](Operation operation) {
      if (!fold(operation)) {
        if (layer(operation)) layers_[operation.output()] = {operation.output(), graph_.operations.size()};
        editor_.keep(std::move(operation));
      }
    });
  }

 private:
  struct Kept {
    OperandId last;    // what its result was called before the pass: the last operation folded into it made that
    size_t operation;  // index in graph_.operations
  };

  bool fold(const Operation& operation) {
    if (!operation.type) return false;
    switch (*operation.type) {
      case Op::ADD:
      case Op::MUL: return fold_into(operation, "input1", "input2") || fold_into(operation, "input2", "input1");
      case Op::SUB:
      case Op::DIV: return fold_into(operation, "input1", "input2");
      case Op::CHANNEL_SHUFFLE: return fold_shuffle(operation);
      default: return false;
    }
  }

  bool fold_into(const Operation& operation, std::string_view input, std::string_view constant) {
    OperandId value = operation.operand(input), factor = operation.operand(constant);
    const auto found = layers_.find(value);
    if (found == layers_.end() || !graph_.is_constant(factor) || is_read_elsewhere(found->second.last)) return false;
    Operation& folded = graph_.operations[found->second.operation];
    std::optional<std::vector<float>> numbers = one_a_channel(factor, graph_.shape(value).back());
    if (!numbers || graph_.shape(operation.output()) != graph_.shape(value) || !is_foldable(folded)) return false;
    if (operation.is(Op::DIV))
      for (float& number : *numbers) number = 1 / number;
    bool is_scale = operation.is(Op::DIV) || operation.is(Op::MUL);
    if (is_scale && !std::all_of(numbers->begin(), numbers->end(), is_moderate)) return false;
    switch (*operation.type) {
      case Op::DIV:
      case Op::MUL: scale(folded, *numbers); break;
      case Op::SUB:
        for (float& number : *numbers) number = -number;
        shift(folded, *numbers);
        break;
      default: shift(folded, *numbers);
    }
    folded.argument("activation") = operation.integer("activation");
    graph_[value].source.reset();  // what it holds is the folded operation's result now
    editor_.replace(operation.output(), value);
    found->second.last = operation.output();
    return true;
  }

  /// Shuffled output channels are those of a layer whose filters are shuffled.
  bool fold_shuffle(const Operation& operation) {
    OperandId value = operation.operand("input");
    const auto found = layers_.find(value);
    if (found == layers_.end() || is_read_elsewhere(found->second.last)) return false;
    Operation& folded = graph_.operations[found->second.operation];
    bool has_free_channels =
        folded.is(Op::CONV_2D) || folded.is(Op::TRANSPOSE_CONV_2D) || folded.is(Op::FULLY_CONNECTED);
    size_t rank = graph_.shape(value).size();
    if (!has_free_channels || normalised_axis(operation.integer("axis"), rank) != rank - 1) return false;
    auto groups = static_cast<uint32_t>(operation.integer("num_groups"));
    for (std::string_view name : {layer(folded)->weights, std::string_view("bias")}) {
      const Operand& parameter = graph_[folded.operand(name)];
      if (!parameter.constant || !parameter.type.quantization.channel_scales.empty()) return false;
    }
    for (std::string_view name : {layer(folded)->weights, std::string_view("bias")}) {
      const Operand parameter = graph_[folded.operand(name)];
      folded.argument(name) =
          graph_.add_constant(shuffled_rows(*parameter.constant, groups), parameter.type.quantization);
    }
    graph_[value].source.reset();  // what it holds is the folded operation's result now
    editor_.replace(operation.output(), value);
    found->second.last = operation.output();
    return true;
  }

  /// Rows [groups, each] as [each, groups].
  static Constant shuffled_rows(const Constant& constant, uint32_t groups) {
    Shape split = constant.shape();
    split[0] /= groups;
    split.insert(split.begin(), groups);
    Permutation permutation = graph::identity_permutation(split.size());
    std::swap(permutation[0], permutation[1]);
    return constant.reshaped(split).permuted(permutation).reshaped(constant.shape());
  }

  /// Whether its result goes anywhere but to the operation that is folded.
  bool is_read_elsewhere(OperandId value) const {
    return index(value) >= readers_.size() || returned_[index(value)] || readers_[index(value)].size() != 1;
  }

  bool is_foldable(const Operation& folded) const {
    OperandId weights = folded.operand(layer(folded)->weights), bias = folded.operand("bias");
    return folded.integer("activation") == 0 && graph_.is_constant(weights) && graph_.is_constant(bias) &&
           graph_.type(weights).type == OperandType::TENSOR_FLOAT32;
  }

  /// The constant's numbers for each channel where it depends on the last dimension alone.
  std::optional<std::vector<float>> one_a_channel(OperandId id, uint32_t channels) const {
    const Constant& constant = *graph_[id].constant;
    if (constant.type() != graph::ElementType::float32) return std::nullopt;
    if (constant.size() == 1) return std::vector<float>(channels, constant.floats().front());
    if (constant.size() != channels || constant.shape().back() != channels) return std::nullopt;
    return constant.floats();
  }

  void scale(Operation& folded, const std::vector<float>& factors) {
    auto [name, dimension] = *layer(folded);
    Constant weights = graph_[folded.operand(name)].constant->scaled(dimension, factors);
    Constant bias = graph_[folded.operand("bias")].constant->scaled(0, factors);
    folded.argument(name) = graph_.add_constant(std::move(weights));
    folded.argument("bias") = graph_.add_constant(std::move(bias));
  }

  void shift(Operation& folded, const std::vector<float>& summands) {
    std::vector<float> bias = graph_[folded.operand("bias")].constant->floats();
    for (size_t i = 0; i < bias.size(); ++i) bias[i] += summands[i];
    uint32_t channels = static_cast<uint32_t>(bias.size());
    folded.argument("bias") = graph_.add_constant(Constant::from(std::move(bias), {channels}));
  }

  Graph& graph_;
  std::vector<std::vector<uint32_t>> readers_;  // before the pass
  std::vector<bool> returned_;                  // before the pass
  std::map<OperandId, Kept> layers_;            // by result
  Editor editor_;
};

}  // namespace

void fold_constants_into_weights(Graph& graph) { WeightFolder(graph).run(); }

}  // namespace passerelle::passes
