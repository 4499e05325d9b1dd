#include "integer_graph.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "passerelle/support/check.h"
#include "ranges.h"
#include "weights.h"

namespace passerelle::calibration {
namespace {

using graph::Constant;
using graph::Graph;
using graph::OperandId;
using graph::OperandType;
using graph::Operation;
using graph::TensorType;
using Op = graph::OperationType;

int32_t fuse_code(const Operation& clamp) { return clamp.is(Op::RELU) ? 1 : clamp.is(Op::RELU1) ? 2 : 3; }

class Builder {
 public:
  Builder(const graph::Module& module, const Roles& roles, const Scales& scales, const BiasShifts& shifts,
          const Options& options, nnapi::FeatureLevel level, bool isolated)
      : floats_(module.main()),
        roles_(roles),
        scales_(scales),
        shifts_(shifts),
        options_(options),
        level_(level),
        isolated_(isolated) {
    result_.module = module;
    graph().operations.clear();
  }

  IntegerGraph run() {
    for (size_t i = 0; i < floats_.inputs.size(); ++i) take_input(i);
    for (size_t i = 0; i < roles_.size(); ++i) {
      const Operation& operation = floats_.operations[i];
      origin_ = operation.origin;
      if (isolated_ || roles_[i] == Role::floats) keep(operation);
      if (roles_[i] != Role::floats) write_integers(operation, roles_[i]);
      if (isolated_) set_aside(operation);
    }
    if (isolated_)
      result_.integers = std::move(alone_);
    else
      for (size_t i = 0; i < graph().outputs.size(); ++i) give_back(i);
    return std::move(result_);
  }

 private:
  Graph& graph() { return result_.module.main(); }
  const Graph& graph() const { return result_.module.main(); }
  bool is_signed() const { return options_.signed_activations; }
  graph::ElementType element() const { return is_signed() ? graph::ElementType::qint8 : graph::ElementType::quint8; }
  bool is_float(OperandId id) const { return floats_.type(id).type == OperandType::TENSOR_FLOAT32; }

  // --- The border.

  void take_input(size_t i) {
    const OperandId floats = graph().inputs[i];
    const auto chosen = scales_.find(floats);
    if (isolated_ || chosen == scales_.end() || !(options_.quantized_inputs || options_.given_inputs.count(i) > 0)) {
      written_.insert(floats);
      return;
    }
    const OperandId integers = graph().add_operand(chosen->second);
    result_.integers[floats] = integers;
    graph().inputs[i] = integers;
    graph::Port& port = result_.module.ports.inputs[i];
    port.element_type = element();
    port.quantization = chosen->second.quantization;
  }

  void give_back(size_t i) {
    OperandId& output = graph().outputs[i];
    const auto known = result_.integers.find(output);
    if (!options_.quantized_outputs || known == result_.integers.end()) {
      output = as_floats(output);
      return;
    }
    graph::Port& port = result_.module.ports.outputs[i];
    port.element_type = element();
    port.quantization = graph().type(known->second).quantization;
    output = known->second;
  }

  // --- From floats to integers and back: each operand once.

  OperandId as_floats(OperandId id) {
    if (!is_float(id) || graph().is_constant(id) || !written_.insert(id).second) return id;
    Operation operation = graph().make_operation(Op::DEQUANTIZE, {{"input", result_.integers.at(id)}}, {}, origin_);
    operation.outputs = {id};
    graph().operations.push_back(std::move(operation));
    return id;
  }

  OperandId as_integers(OperandId id) {
    const auto known = result_.integers.find(id);
    if (known != result_.integers.end()) return known->second;
    return result_.integers[id] = graph().append(Op::QUANTIZE, {{"input", id}}, scales_.at(id), origin_);
  }

  OperandId constant_integers(OperandId id, const graph::Quantization* wanted) {
    const Constant& constant = *floats_[id].constant;
    const std::vector<float> values = constant.floats();
    Range range;
    for (float value : values) {
      range.lowest = std::min(range.lowest, double{value});
      range.highest = std::max(range.highest, double{value});
    }
    const graph::Quantization quantization = wanted ? *wanted : quantization_of(range, is_signed());
    return graph().add_constant(Constant::from(steps_of(values, quantization), constant.shape()).shifted(0, element()),
                                quantization);
  }

  std::vector<int32_t> steps_of(const std::vector<float>& values, const graph::Quantization& quantization) const {
    const double lowest = is_signed() ? -128 : 0, highest = lowest + 255;
    std::vector<int32_t> result;
    for (float value : values) {
      const double steps = std::nearbyint(double{value} / quantization.scale) + quantization.zero_point;
      result.push_back(static_cast<int32_t>(std::clamp(steps, lowest, highest)));
    }
    return result;
  }

  // --- Operations.

  void write_integers(const Operation& operation, Role role) {
    switch (role) {
      case Role::layer: return compute_layer(operation);
      case Role::clamps: return clamp(operation);
      default: return compute(operation);
    }
  }

  /// The next operation is fed with floats again.
  void set_aside(const Operation& operation) {
    for (OperandId id : operation.outputs) {
      const auto made = result_.integers.find(id);
      if (made == result_.integers.end()) continue;
      alone_[id] = made->second;
      result_.integers.erase(made);
    }
  }

  void keep(Operation operation) {
    operation.for_each_input([&](OperandId& id) { id = as_floats(id); });
    for (OperandId id : operation.outputs) written_.insert(id);
    graph().operations.push_back(std::move(operation));
  }

  void compute(Operation operation) {
    const std::vector<OperandId> results = operation.outputs;
    const TensorType type = scales_.at(results.front());
    // What only takes elements takes those of a constant at the result's scale.
    const bool keeps_scale = !operation.is(Op::PRELU) && is_single_scale(operation);
    if (operation.is(Op::PAD_V2)) set_pad_value(operation, type.quantization);
    operation.for_each_input([&](OperandId& id) {
      if (!is_float(id)) return;
      id =
          floats_.is_constant(id) ? constant_integers(id, keeps_scale ? &type.quantization : nullptr) : as_integers(id);
    });
    if (operation.is(Op::MUL)) {
      const float product = graph().type(operation.operand("input1")).quantization.scale *
                            graph().type(operation.operand("input2")).quantization.scale;
      // Where it would cost too much, a product of floats is better; but below API 29 there is none.
      constexpr float worthwhile = 1.5f;
      const bool detours = level_ >= nnapi::introduced(Op::QUANTIZE) && product > worthwhile * type.quantization.scale;
      if (!detours) return emit_over(std::move(operation), results.front(), product);
    }
    for (OperandId& id : operation.outputs) id = result_.integers[id] = graph().add_operand(scales_.at(id));
    graph().operations.push_back(std::move(operation));
  }

  /// Operations whose role is `moves`, and early concatenations.
  bool is_single_scale(const Operation& operation) const {
    return role_of(floats_, operation) == Role::moves || (operation.is(Op::CONCATENATION) && level_ < 3);
  }

  void set_pad_value(Operation& operation, const graph::Quantization& quantization) const {
    const auto* value = std::get_if<float>(&operation.argument("pad_value"));
    check(value != nullptr, "floats are padded with a float");
    operation.argument("pad_value") = steps_of({*value}, quantization).front();
  }

  /// NNAPI wants a coarser result than the product of two scales in places: then at that scale first, and at the wanted
  /// one afterwards.
  void emit_over(Operation operation, OperandId result, float product) {
    TensorType wanted = scales_.at(result);
    if (wanted.quantization.scale > product) {
      operation.outputs = {graph().add_operand(wanted)};
      result_.integers[result] = operation.output();
      graph().operations.push_back(std::move(operation));
      return;
    }
    constexpr double over = 1.001;
    const Range range = range_of(wanted.quantization, is_signed());
    const double factor = over * product / wanted.quantization.scale;
    TensorType coarse = wanted;
    coarse.quantization = quantization_of({range.lowest * factor, range.highest * factor}, is_signed());
    operation.outputs = {graph().add_operand(coarse)};
    const OperandId made = operation.output();
    graph().operations.push_back(std::move(operation));
    result_.integers[result] = add_nothing(made, wanted, 0);
  }

  OperandId add_nothing(OperandId value, const TensorType& type, int32_t activation) {
    graph::Quantization quantization;
    quantization.scale = graph().type(value).quantization.scale;
    const OperandId zero =
        graph().add_constant(Constant::from(std::vector<int32_t>{0}, {1}).shifted(0, element()), quantization);
    return graph().append(Op::ADD, {{"input1", value}, {"input2", zero}, {"activation", activation}}, type, origin_);
  }

  void clamp(const Operation& operation) {
    const OperandId input = as_integers(operation.operand("input"));
    const TensorType& type = scales_.at(operation.output());
    if (graph().type(input).quantization == type.quantization) return compute(operation);
    result_.integers[operation.output()] = add_nothing(input, type, fuse_code(operation));
  }

  void compute_layer(Operation operation) {
    const Weights argument = weights_of(operation);
    const Constant weights = *floats_[operation.operand(argument.name)].constant;
    const Constant bias = *floats_[operation.operand("bias")].constant;
    const OperandId input = as_integers(operation.operand("input"));
    const float input_scale = graph().type(input).quantization.scale;
    const std::vector<float> biases = bias.floats();
    std::vector<double> corrected(biases.begin(), biases.end());
    const bool per_channel = options_.weights_per_channel && argument.takes_channel_scales &&
                             level_ >= nnapi::introduced(OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL);
    const IntegerWeights integers = integer_weights(weights, argument.channel_dimension, per_channel, is_signed(),
                                                    least_scales(corrected, input_scale));
    if (const auto shift = shifts_.find(operation.output()); shift != shifts_.end())
      for (size_t i = 0; i < corrected.size(); ++i) corrected[i] -= shift->second[i];
    graph::Quantization bias_scale;
    if (!per_channel) bias_scale.scale = input_scale * integers.quantization.scale;
    operation.argument("input") = input;
    operation.argument(argument.name) = graph().add_constant(integers.integers, integers.quantization);
    operation.argument("bias") = graph().add_constant(
        Constant::from(integer_bias(corrected, input_scale, integers.quantization), bias.shape()), bias_scale);
    const OperandId result = operation.output();
    emit_over(std::move(operation), result, level_ < 3 ? bias_scale.scale : 0);
  }

  const Graph& floats_;
  const Roles& roles_;
  const Scales& scales_;
  const BiasShifts& shifts_;
  const Options& options_;
  nnapi::FeatureLevel level_;
  bool isolated_;
  IntegerGraph result_;
  std::map<OperandId, OperandId> alone_;  // as result_.integers
  std::set<OperandId> written_;           // floats that an operation has made so far
  uint32_t origin_ = 0;
};

}  // namespace

IntegerGraph integer_graph(const graph::Module& floats, const Roles& roles, const Scales& scales,
                           const BiasShifts& shifts, const Options& options, nnapi::FeatureLevel level, bool isolated) {
  return Builder(floats, roles, scales, shifts, options, level, isolated).run();
}

}  // namespace passerelle::calibration
