// dequantize → operation → quantize becomes the operation on integers, wherever NNAPI has it with the same result
// within one step. FX quantization leaves such islands around what it has no integer kernel for (F.pad, softmax, ...),
// and the lowerings around what they have no integer form for.
//
// A QUANTIZE asks for its operand as integers. There are some where the operand was integers before, and only elements
// were chosen since; where its operation is one that NNAPI rounds to any scale; or where a clamp lies between, which
// commutes with rounding. The floats remain for whoever else reads them.
#include <cmath>
#include <map>

#include "passes.h"
#include "quantized_forms.h"

namespace passerelle::passes {
namespace {

bool is_quant8(OperandType type) {
  return type == OperandType::TENSOR_QUANT8_ASYMM || type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
}

/// Arithmetic of which NNAPI's integer kernels round the result once.
bool is_arithmetic(const Operation& operation) {
  switch (*operation.type) {
    case Op::ADD:
    case Op::SUB:
    case Op::MUL:
    case Op::MAXIMUM:
    case Op::MINIMUM:
    case Op::PRELU:
    case Op::CONCATENATION:
    case Op::HARD_SWISH: return true;
    default: return false;
  }
}

/// Monotonic, and the number that they clamp at is rounded like any other.
bool is_clamp(const Operation& operation) {
  return operation.is(Op::RELU) || operation.is(Op::RELU1) || operation.is(Op::RELU6);
}

class IslandRemover {
 public:
  explicit IslandRemover(Graph& graph) : graph_(graph), editor_(graph) {}

  void run() {
    editor_.run([&](Operation operation) {
      if (operation.is(Op::QUANTIZE) && bridge(operation)) return;
      for (OperandId output : operation.outputs) producer_[output] = graph_.operations.size();
      editor_.keep(std::move(operation));
    });
  }

 private:
  bool bridge(const Operation& quantize) {
    const auto kept = static_cast<std::ptrdiff_t>(graph_.operations.size());
    const std::optional<OperandId> integers = at_scale(quantize.operand("input"), graph_.type(quantize.output()), 0);
    if (!integers) {
      graph_.operations.erase(graph_.operations.begin() + kept, graph_.operations.end());
      forget_from(static_cast<size_t>(kept));
      return false;
    }
    editor_.replace(quantize.output(), *integers);
    return true;
  }

  /// What was noted of operations that are taken back.
  void forget_from(size_t first) {
    for (auto known = integers_.begin(); known != integers_.end();)
      known = known->second.made_by >= first ? integers_.erase(known) : std::next(known);
  }

  const Operation* producer(OperandId id) const {
    const auto found = producer_.find(id);
    return found == producer_.end() ? nullptr : &graph_.operations[found->second];
  }

  /// Chains are short; a recursion that is not would be a graph that nobody quantized.
  static constexpr int deepest = 64;

  /// The float operand rounded to the type's scale.
  std::optional<OperandId> at_scale(OperandId floats, const TensorType& type, int depth) {
    if (depth > deepest) return std::nullopt;
    if (std::optional<OperandId> known = as_integers(floats, depth + 1); known && same_element(*known, type))
      return requantized(editor_, *known, type.quantization);
    const Operation* found = producer(floats);
    if (!found || !found->type || found->outputs.size() != 1) return std::nullopt;
    const Operation operation = *found;
    if (is_clamp(operation) || (chooses_elements(operation) && has_one_tensor(operation)))
      return on(operation, at_scale(operation.operand("input"), type, depth + 1), type.quantization);
    if (is_arithmetic(operation)) return arithmetic(operation, type, depth + 1);
    return at_prescribed_scale(operation, type, depth + 1);
  }

  bool same_element(OperandId id, const TensorType& type) const { return graph_.type(id).type == type.type; }

  /// Other tensors that it reads are lists of numbers.
  bool has_one_tensor(const Operation& operation) const {
    for (OperandId id : operation.inputs())
      if (id != operation.operand("input") && graph_.type(id).type != OperandType::TENSOR_INT32) return false;
    return true;
  }

  struct Known {
    OperandId operand;
    size_t made_by;
  };

  /// The integers that the floats were, or were chosen from, at the scale that these had.
  std::optional<OperandId> as_integers(OperandId floats, int depth) {
    const auto known = integers_.find(floats);
    if (known != integers_.end()) return known->second.operand;
    const Operation* found = producer(floats);
    if (!found || !found->type || depth > deepest) return std::nullopt;
    const Operation operation = *found;
    std::optional<OperandId> result;
    if (operation.is(Op::DEQUANTIZE)) {
      if (is_quant8(graph_.type(operation.operand("input")).type)) result = operation.operand("input");
    } else if (chooses_elements(operation) && has_one_tensor(operation)) {
      const std::optional<OperandId> input = as_integers(operation.operand("input"), depth + 1);
      if (input) return chosen(operation, *input, floats);
    }
    if (result) integers_[floats] = {*result, graph_.operations.size()};
    return result;
  }

  /// All results of an operation that chooses elements, of which `wanted` is one.
  std::optional<OperandId> chosen(Operation operation, OperandId input, OperandId wanted) {
    const std::vector<OperandId> floats = operation.outputs;
    operation.argument("input") = input;
    for (OperandId& output : operation.outputs) {
      TensorType type = graph_.type(input);
      type.shape = graph_.shape(output);
      output = graph_.add_operand(std::move(type));
    }
    for (size_t i = 0; i < floats.size(); ++i) integers_[floats[i]] = {operation.outputs[i], graph_.operations.size()};
    editor_.keep(std::move(operation));
    return integers_.at(wanted).operand;
  }

  /// The operation on integers, with a result at this scale.
  std::optional<OperandId> on(Operation operation, std::optional<OperandId> input, const graph::Quantization& scale) {
    if (!input) return std::nullopt;
    TensorType type = graph_.type(*input);
    type.shape = graph_.shape(operation.output());
    type.quantization = scale;
    operation.argument("input") = *input;
    operation.outputs = {graph_.add_operand(std::move(type))};
    const OperandId result = operation.output();
    editor_.keep(std::move(operation));
    return result;
  }

  /// Pools, means and interpolations give their operand's scale, LOGISTIC and its like one of their own.
  std::optional<OperandId> at_prescribed_scale(const Operation& operation, const TensorType& type, int depth) {
    switch (*operation.type) {
      case Op::AVERAGE_POOL_2D:
      case Op::MEAN:
      case Op::RESIZE_BILINEAR:
      case Op::LOGISTIC:
      case Op::TANH:
      case Op::SOFTMAX:
      case Op::L2_NORMALIZATION: break;
      default: return std::nullopt;
    }
    const std::optional<OperandId> input = as_integers(operation.operand("input"), depth);
    if (!input || !same_element(*input, type)) return std::nullopt;
    const graph::Quantization prescribed = *prescribed_output(operation, graph_.type(*input));
    if (!is_within_a_step(operation, prescribed, type.quantization)) {
      // Averages have another form for finer scales.
      const bool is_average = operation.is(Op::AVERAGE_POOL_2D) || operation.is(Op::MEAN);
      return is_average ? on(operation, input, type.quantization) : std::nullopt;
    }
    return requantized(editor_, *on(operation, input, prescribed), type.quantization);
  }

  /// Each operand as integers: those that it was, or a number that is the same everywhere.
  std::optional<OperandId> operand_of(OperandId floats, const TensorType& type, int depth) {
    if (!graph_.is_constant(floats)) {
      const std::optional<OperandId> known = as_integers(floats, depth);
      return known && same_element(*known, type) ? known : std::nullopt;
    }
    const Constant& constant = *graph_[floats].constant;
    if (constant.type() != graph::ElementType::float32 || constant.size() == 0 || !constant.is_uniform())
      return std::nullopt;
    const float value = constant.reshaped({static_cast<uint32_t>(constant.size())}).sliced(0, 0, 1).floats().front();
    if (!std::isfinite(value)) return std::nullopt;
    return quantized_scalar(editor_, value, type);
  }

  std::optional<OperandId> arithmetic(Operation operation, const TensorType& type, int depth) {
    bool found = true, some_integers = false;
    operation.for_each_input([&](OperandId& id) {
      if (!found) return;
      some_integers = some_integers || !graph_.is_constant(id);
      const std::optional<OperandId> integers = operand_of(id, type, depth);
      found = integers.has_value();
      if (found) id = *integers;
    });
    if (!found || !some_integers) return std::nullopt;
    // A constant is one number now: the others must have the result's shape.
    if (operation.is(Op::MUL)) {
      const float product = graph_.type(operation.operand("input1")).quantization.scale *
                            graph_.type(operation.operand("input2")).quantization.scale;
      if (!(type.quantization.scale > product)) return std::nullopt;
    }
    const Shape shape = graph_.shape(operation.output());
    bool has_shape = operation.is(Op::CONCATENATION);
    for (OperandId id : operation.inputs()) has_shape = has_shape || graph_.shape(id) == shape;
    if (!has_shape) return std::nullopt;
    operation.outputs = {graph_.add_operand({type.type, shape, type.quantization})};
    const OperandId result = operation.output();
    editor_.keep(std::move(operation));
    return result;
  }

  Graph& graph_;
  Editor editor_;
  std::map<OperandId, size_t> producer_;  // of floats and integers that were there: index in graph_.operations
  std::map<OperandId, Known> integers_;   // by float operand
};

}  // namespace

void remove_float_islands(Graph& graph) { IslandRemover(graph).run(); }

}  // namespace passerelle::passes
