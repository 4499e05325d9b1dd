#include "subprogram.h"

#include "elements.h"
#include "kernels/quantized.h"

namespace passerelle::hostnn {
namespace {

/// Runs a kernel, with quantized tensors as floats where it wants them so.
Tensors run_kernel(const Row& row, const Graph& graph, const Operation& operation, Tensors& inputs,
                   const Prepared* prepared) {
  const bool as_floats = (row.accepts & Accepts::as_floats) != 0;
  Call call(graph, operation, inputs);
  call.set_prepared(prepared);
  if (!as_floats) return row.kernel(call);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (nnapi::is_quantized(call.input_type(i)) && inputs[i].defined()) inputs[i] = dequantized(call, i);
  Tensors results = row.kernel(call);
  for (size_t i = 0; i < results.size() && i < call.output_count(); ++i)
    if (nnapi::is_quantized(call.output_type(i)))
      results[i] = quantized(results[i], call.output_type(i), call.output_quantization(i), Rounding::after_zero_point);
  return results;
}

Tensor rounded_to_float16(const Tensor& tensor) { return tensor.to(at::kHalf).to(at::kFloat); }

bool is_expired(const Deadline& deadline) { return deadline && std::chrono::steady_clock::now() > *deadline; }

}  // namespace

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Status Subprogram::compile(std::shared_ptr<const Graph> graph, std::unique_ptr<const Subprogram>& subprogram) {
  auto made = std::make_unique<Subprogram>();
  made->graph_ = std::move(graph);
  PASSERELLE_RETURN_IF_FAILED(made->prepare());
  subprogram = std::move(made);
  return success();
}

/// Frees temporaries early: a network's peak is then what is alive at once.
void Subprogram::find_last_uses() {
  std::vector<bool> seen(graph_->operands.size());
  for (uint32_t output : graph_->outputs) seen[output] = true;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    const Operation& operation = graph_->operations[step->operation];
    for (const std::vector<uint32_t>* indexes : {&operation.inputs, &operation.outputs}) {
      for (uint32_t index : *indexes) {
        if (seen[index] || constants_[index].defined()) continue;
        seen[index] = true;
        step->dead_after.push_back(index);
      }
    }
  }
}

bool Subprogram::has_constant_weights(const Operation& operation) const {
  for (size_t i = 1; i < operation.inputs.size(); ++i) {
    const Operand& operand = graph_->operands[operation.inputs[i]];
    if (operand.lifetime != Lifetime::constant && operand.lifetime != Lifetime::no_value) return false;
  }
  return true;
}

Status Subprogram::prepare_parts(Step& step) const {
  for (uint32_t input : graph_->operations[step.operation].inputs) {
    const Operand& operand = graph_->operands[input];
    if (operand.lifetime != Lifetime::referenced_model) continue;
    std::unique_ptr<const Subprogram> part;
    PASSERELLE_RETURN_IF_FAILED(compile(operand.model, part));
    step.parts.push_back(std::move(part));
  }
  return success();
}

Status Subprogram::prepare() {
  constants_.resize(graph_->operands.size());
  for (uint32_t index : graph_->run_order) {
    const Operation& operation = graph_->operations[index];
    if (const std::string reason = why_unsupported(*graph_, operation); !reason.empty())
      return operation_failed(describe(*graph_, index) + ": " + reason);
    Step step;
    step.operation = index;
    step.row = find_row(*graph_, operation);
    PASSERELLE_RETURN_IF_FAILED(prepare_parts(step));
    steps_.push_back(std::move(step));
    for (uint32_t input : operation.inputs) {
      const Operand& operand = graph_->operands[input];
      if (operand.lifetime != Lifetime::constant || constants_[input].defined()) continue;
      constants_[input] = tensor_of(operand.type, operand.dimensions, operand.value);
    }
  }
  find_last_uses();
  for (Step& step : steps_) {
    const Operation& operation = graph_->operations[step.operation];
    if (step.row == nullptr || step.row->prepare == nullptr || !has_constant_weights(operation)) continue;
    Tensors inputs;
    for (uint32_t input : operation.inputs) inputs.push_back(constants_[input]);
    step.prepared = step.row->prepare(Call(*graph_, operation, inputs));
  }
  return success();
}

/// The shapes that came out must be those that the model declares, where it does.
Status Subprogram::check_outputs(const Step& step, const Tensors& results) const {
  const Operation& operation = graph_->operations[step.operation];
  if (results.size() != operation.outputs.size())
    return operation_failed(describe(*graph_, step.operation) + " has " + std::to_string(operation.outputs.size()) +
                            " outputs where it makes " + std::to_string(results.size()));
  for (size_t i = 0; i < results.size(); ++i) {
    const Operand& operand = graph_->operands[operation.outputs[i]];
    if (results[i].scalar_type() != scalar_type(operand.type))
      return operation_failed(describe(*graph_, step.operation) + " makes another type than " +
                              std::string(nnapi::name(operand.type)));
    std::vector<uint32_t> declared = operand.dimensions;
    if (nnapi::is_tensor(operand.type) && !combine_dimensions(declared, dimensions_of(results[i])))
      return operation_failed(describe(*graph_, step.operation) + " makes " + to_string(dimensions_of(results[i])) +
                              " where the model declares " + to_string(operand.dimensions));
  }
  return success();
}

/// What a caller hands over must fit what the graph declares, where it does.
Status Subprogram::check_inputs(const Tensors& inputs) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Operand& operand = graph_->operands[graph_->inputs[i]];
    std::vector<uint32_t> declared = operand.dimensions;
    if (inputs[i].defined() && nnapi::is_tensor(operand.type) &&
        !combine_dimensions(declared, dimensions_of(inputs[i])))
      return operation_failed("input " + std::to_string(i) + " is " + to_string(dimensions_of(inputs[i])) +
                              " where the model declares " + to_string(operand.dimensions));
  }
  return success();
}

Status Subprogram::run_operation(const Step& step, Tensors& inputs, Tensors& results) const {
  const Operation& operation = graph_->operations[step.operation];
  for (const Tensor& input : inputs)
    if (input.defined() && input.numel() == 0 && (step.row->accepts & zero_sized) == 0)
      return operation_failed(describe(*graph_, step.operation) + " takes no tensors without elements");
  try {
    std::unique_ptr<const Prepared> prepared_now;
    if (step.row->prepare != nullptr && !step.prepared)
      prepared_now = step.row->prepare(Call(*graph_, operation, inputs));
    results =
        run_kernel(*step.row, *graph_, operation, inputs, step.prepared ? step.prepared.get() : prepared_now.get());
  } catch (const Refusal& refusal) {
    return operation_failed(describe(*graph_, step.operation) + ": " + refusal.message);
  } catch (const c10::Error& error) {
    return operation_failed(describe(*graph_, step.operation) + ": " + first_line(error.what_without_backtrace()));
  }
  return success();
}

/// IF runs one of two models. WHILE runs its body as long as its condition holds; the body's outputs become the first
/// of its inputs, and the others stay.
Status Subprogram::run_control_flow(const Step& step, const RunLimits& limits, Tensors& inputs,
                                    Tensors& results) const {
  const Operation& operation = graph_->operations[step.operation];
  if (operation.type == OperationType::IF) {
    const bool condition = *inputs[0].data_ptr<bool>();
    return step.parts[condition ? 0 : 1]->run({inputs.begin() + 3, inputs.end()}, limits, results);
  }
  const Deadline loop_deadline = std::chrono::steady_clock::now() + limits.loop_timeout;
  Tensors state(inputs.begin() + 2, inputs.end());
  while (true) {
    Tensors condition;
    PASSERELLE_RETURN_IF_FAILED(step.parts[0]->run(state, limits, condition));
    if (!*condition[0].data_ptr<bool>()) break;
    if (is_expired(loop_deadline))
      return {ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT,
              describe(*graph_, step.operation) + ": the loop's time is over"};
    Tensors next;
    PASSERELLE_RETURN_IF_FAILED(step.parts[1]->run(state, limits, next));
    std::move(next.begin(), next.end(), state.begin());
  }
  results.assign(state.begin(), state.begin() + static_cast<int64_t>(operation.outputs.size()));
  return success();
}

Status Subprogram::run_step(const Step& step, const RunLimits& limits, Tensors& values) const {
  const Operation& operation = graph_->operations[step.operation];
  Tensors inputs;
  inputs.reserve(operation.inputs.size());
  for (uint32_t index : operation.inputs)
    inputs.push_back(constants_[index].defined() ? constants_[index] : values[index]);
  Tensors results;
  PASSERELLE_RETURN_IF_FAILED(step.parts.empty() ? run_operation(step, inputs, results)
                                                 : run_control_flow(step, limits, inputs, results));
  PASSERELLE_RETURN_IF_FAILED(check_outputs(step, results));
  for (size_t i = 0; i < results.size(); ++i) {
    const bool rounds = is_float16(graph_->operands[operation.outputs[i]].type);
    values[operation.outputs[i]] = rounds ? rounded_to_float16(results[i]) : std::move(results[i]);
  }
  for (uint32_t index : step.dead_after) values[index] = Tensor();
  return success();
}

Status Subprogram::run(const Tensors& inputs, const RunLimits& limits, Tensors& outputs) const {
  PASSERELLE_RETURN_IF_FAILED(check_inputs(inputs));
  Tensors values(graph_->operands.size());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph_->inputs[i]] = inputs[i];
  for (const Step& step : steps_) {
    if (is_expired(limits.deadline)) return {ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT, "the execution's time is over"};
    PASSERELLE_RETURN_IF_FAILED(run_step(step, limits, values));
  }
  for (uint32_t output : graph_->outputs) outputs.push_back(values[output]);
  return success();
}

}  // namespace passerelle::hostnn
