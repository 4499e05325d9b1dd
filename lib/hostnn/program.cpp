#include "program.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "kernels/quantized.h"

namespace passerelle::hostnn {
namespace {

/// What kernels compute an operand's elements in. float16 is widened: its values are computed in float32 and rounded
/// wherever an operation ends, as Android's CPU does.
at::ScalarType scalar_type(OperandType type) {
  switch (type) {
    case OperandType::TENSOR_FLOAT16:
    case OperandType::FLOAT16:
    case OperandType::TENSOR_FLOAT32:
    case OperandType::FLOAT32: return at::kFloat;
    case OperandType::TENSOR_INT32:
    case OperandType::INT32: return at::kInt;
    case OperandType::TENSOR_BOOL8:
    case OperandType::BOOL: return at::kBool;
    case OperandType::TENSOR_QUANT8_ASYMM: return at::kByte;
    case OperandType::TENSOR_QUANT8_ASYMM_SIGNED:
    case OperandType::TENSOR_QUANT8_SYMM:
    case OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL: return at::kChar;
    case OperandType::TENSOR_QUANT16_SYMM: return at::kShort;
    case OperandType::TENSOR_QUANT16_ASYMM: return at::kInt;  // LibTorch has no unsigned 16 bits
    default: refuse("the host has no " + std::string(nnapi::name(type)));
  }
}

bool is_float16(OperandType type) { return type == OperandType::TENSOR_FLOAT16 || type == OperandType::FLOAT16; }

std::vector<int64_t> shape_of(const std::vector<uint32_t>& dimensions) {
  return {dimensions.begin(), dimensions.end()};
}

/// NNAPI's bytes as a tensor. Truth values are made 0 or 1, as any other byte is undefined behaviour in a bool.
Tensor tensor_of(OperandType type, const std::vector<uint32_t>& dimensions, const void* data) {
  void* bytes = const_cast<void*>(data);  // LibTorch has no tensors of constant bytes; kernels never write to inputs
  const at::ScalarType scalar = scalar_type(type);
  if (scalar == at::kBool) return at::from_blob(bytes, shape_of(dimensions), at::kByte).ne(0);
  if (is_float16(type)) return at::from_blob(bytes, shape_of(dimensions), at::kHalf).to(at::kFloat);
  if (type == OperandType::TENSOR_QUANT16_ASYMM)
    return at::from_blob(bytes, shape_of(dimensions), at::kShort).to(at::kInt).bitwise_and(0xffff);
  return at::from_blob(bytes, shape_of(dimensions), scalar);
}

/// The way back, into as many bytes as the elements take. Narrowing keeps the low bits.
void write_bytes(const Tensor& tensor, OperandType type, void* data) {
  const at::ScalarType stored = is_float16(type)                            ? at::kHalf
                                : type == OperandType::TENSOR_QUANT16_ASYMM ? at::kShort
                                                                            : tensor.scalar_type();
  at::from_blob(data, tensor.sizes(), stored).copy_(tensor);
}

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

std::vector<uint32_t> dimensions_of(const Tensor& tensor) { return {tensor.sizes().begin(), tensor.sizes().end()}; }

/// An operation with all that does not change between runs.
struct Step {
  uint32_t operation = 0;  // in Graph::operations
  const Row* row = nullptr;
  std::unique_ptr<const Prepared> prepared;  // where its weights are constant
  std::vector<uint32_t> dead_after;          // operands that nothing reads any more
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

struct Program::Implementation {
  std::shared_ptr<const Graph> graph;
  std::vector<Step> steps;
  Tensors constants;  // by operand; undefined where it is none

  Status prepare();
  Status bind_inputs(const std::vector<Buffer>& inputs, Tensors& values) const;
  Status run_step(const Step& step, Tensors& values) const;
  Status check_outputs(const Operation& operation, const Step& step, const Tensors& results) const;
  Status deliver(const std::vector<Buffer>& outputs, const Tensors& values, std::vector<OutputShape>& shapes) const;

 private:
  void find_last_uses();
  bool has_constant_weights(const Operation& operation) const;
};

/// Frees temporaries early: a network's peak is then what is alive at once.
void Program::Implementation::find_last_uses() {
  std::vector<bool> seen(graph->operands.size());
  for (uint32_t output : graph->outputs) seen[output] = true;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const Operation& operation = graph->operations[step->operation];
    for (const std::vector<uint32_t>* indexes : {&operation.inputs, &operation.outputs}) {
      for (uint32_t index : *indexes) {
        if (seen[index] || constants[index].defined()) continue;
        seen[index] = true;
        step->dead_after.push_back(index);
      }
    }
  }
}

bool Program::Implementation::has_constant_weights(const Operation& operation) const {
  for (size_t i = 1; i < operation.inputs.size(); ++i) {
    const Operand& operand = graph->operands[operation.inputs[i]];
    if (operand.lifetime != Lifetime::constant && operand.lifetime != Lifetime::no_value) return false;
  }
  return true;
}

Status Program::Implementation::prepare() {
  constants.resize(graph->operands.size());
  for (uint32_t index : graph->run_order) {
    const Operation& operation = graph->operations[index];
    if (const std::string reason = why_unsupported(*graph, operation); !reason.empty())
      return operation_failed(describe(*graph, index) + ": " + reason);
    Step step;
    step.operation = index;
    step.row = find_row(*graph, operation);
    steps.push_back(std::move(step));
    for (uint32_t input : operation.inputs) {
      const Operand& operand = graph->operands[input];
      if (operand.lifetime != Lifetime::constant || constants[input].defined()) continue;
      constants[input] = tensor_of(operand.type, operand.dimensions, operand.value);
    }
  }
  find_last_uses();
  for (Step& step : steps) {
    const Operation& operation = graph->operations[step.operation];
    if (step.row->prepare == nullptr || !has_constant_weights(operation)) continue;
    Tensors inputs;
    for (uint32_t input : operation.inputs) inputs.push_back(constants[input]);
    step.prepared = step.row->prepare(Call(*graph, operation, inputs));
  }
  return success();
}

Status Program::Implementation::bind_inputs(const std::vector<Buffer>& inputs, Tensors& values) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Operand& operand = graph->operands[graph->inputs[i]];
    const Buffer& buffer = inputs[i];
    if (buffer.data == nullptr) continue;
    if (buffer.capacity < byte_size(operand.type, buffer.dimensions))
      return bad_data("input " + std::to_string(i) + " is too short");
    values[graph->inputs[i]] = tensor_of(operand.type, buffer.dimensions, buffer.data);
  }
  return success();
}

/// The shapes that came out must be those that the model declares, where it does.
Status Program::Implementation::check_outputs(const Operation& operation, const Step& step,
                                              const Tensors& results) const {
  if (results.size() != operation.outputs.size())
    return operation_failed(describe(*graph, step.operation) + " has " + std::to_string(operation.outputs.size()) +
                            " outputs where it makes " + std::to_string(results.size()));
  for (size_t i = 0; i < results.size(); ++i) {
    const Operand& operand = graph->operands[operation.outputs[i]];
    if (results[i].scalar_type() != scalar_type(operand.type))
      return operation_failed(describe(*graph, step.operation) + " makes another type than " +
                              std::string(nnapi::name(operand.type)));
    std::vector<uint32_t> declared = operand.dimensions;
    if (nnapi::is_tensor(operand.type) && !combine_dimensions(declared, dimensions_of(results[i])))
      return operation_failed(describe(*graph, step.operation) + " makes " + to_string(dimensions_of(results[i])) +
                              " where the model declares " + to_string(operand.dimensions));
  }
  return success();
}

Status Program::Implementation::run_step(const Step& step, Tensors& values) const {
  const Operation& operation = graph->operations[step.operation];
  Tensors inputs;
  inputs.reserve(operation.inputs.size());
  for (uint32_t index : operation.inputs) {
    inputs.push_back(constants[index].defined() ? constants[index] : values[index]);
    if (inputs.back().defined() && inputs.back().numel() == 0 && (step.row->accepts & zero_sized) == 0)
      return operation_failed(describe(*graph, step.operation) + " takes no tensors without elements");
  }
  Tensors results;
  try {
    std::unique_ptr<const Prepared> prepared_now;
    if (step.row->prepare != nullptr && !step.prepared)
      prepared_now = step.row->prepare(Call(*graph, operation, inputs));
    results =
        run_kernel(*step.row, *graph, operation, inputs, step.prepared ? step.prepared.get() : prepared_now.get());
  } catch (const Refusal& refusal) {
    return operation_failed(describe(*graph, step.operation) + ": " + refusal.message);
  } catch (const c10::Error& error) {
    return operation_failed(describe(*graph, step.operation) + ": " + first_line(error.what_without_backtrace()));
  }
  PASSERELLE_RETURN_IF_FAILED(check_outputs(operation, step, results));
  for (size_t i = 0; i < results.size(); ++i) {
    const bool rounds = is_float16(graph->operands[operation.outputs[i]].type);
    values[operation.outputs[i]] = rounds ? rounded_to_float16(results[i]) : std::move(results[i]);
  }
  for (uint32_t index : step.dead_after) values[index] = Tensor();
  return success();
}

Status Program::Implementation::deliver(const std::vector<Buffer>& outputs, const Tensors& values,
                                        std::vector<OutputShape>& shapes) const {
  std::vector<OutputShape> made(outputs.size());
  bool all_sufficient = true;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Operand& operand = graph->operands[graph->outputs[i]];
    const Tensor& value = values[graph->outputs[i]];
    std::vector<uint32_t> expected = outputs[i].dimensions;
    made[i].dimensions = dimensions_of(value);
    if (nnapi::is_tensor(operand.type) && !combine_dimensions(expected, made[i].dimensions))
      return operation_failed("output " + std::to_string(i) + " became " + to_string(made[i].dimensions) +
                              " where the execution says " + to_string(outputs[i].dimensions));
    if (exceeds_32_bits(operand.type, made[i].dimensions))
      return operation_failed("output " + std::to_string(i) + " exceeds 4 GiB");
    const size_t size = value.numel() * nnapi::element_size(operand.type);
    made[i].is_sufficient = outputs[i].data == nullptr || outputs[i].capacity >= size;
    all_sufficient = all_sufficient && made[i].is_sufficient;
    if (outputs[i].data == nullptr || !made[i].is_sufficient || size == 0) continue;
    write_bytes(value, operand.type, outputs[i].data);
  }
  shapes = std::move(made);
  if (all_sufficient) return success();
  return {ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE, "an output's buffer is too small for it"};
}

Program::Program(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Program::~Program() = default;

Status Program::compile(std::shared_ptr<const Graph> graph, std::unique_ptr<Program>& program) {
  const c10::InferenceMode inference;
  auto implementation = std::make_unique<Implementation>();
  implementation->graph = std::move(graph);
  try {
    PASSERELLE_RETURN_IF_FAILED(implementation->prepare());
  } catch (const Refusal& refusal) {
    return operation_failed(refusal.message);
  } catch (const c10::Error& error) {
    return operation_failed(first_line(error.what_without_backtrace()));
  }
  program.reset(new Program(std::move(implementation)));
  return success();
}

Status Program::run(const std::vector<Buffer>& inputs, const std::vector<Buffer>& outputs, const Deadline& deadline,
                    std::vector<OutputShape>& shapes) const {
  const c10::InferenceMode inference;
  Tensors values(implementation_->graph->operands.size());
  try {
    PASSERELLE_RETURN_IF_FAILED(implementation_->bind_inputs(inputs, values));
    for (const Step& step : implementation_->steps) {
      if (deadline && std::chrono::steady_clock::now() > *deadline)
        return {ANEURALNETWORKS_MISSED_DEADLINE_TRANSIENT, "the execution's time is over"};
      PASSERELLE_RETURN_IF_FAILED(implementation_->run_step(step, values));
    }
    return implementation_->deliver(outputs, values, shapes);
  } catch (const Refusal& refusal) {
    return operation_failed(refusal.message);
  } catch (const c10::Error& error) {
    return operation_failed(first_line(error.what_without_backtrace()));
  }
}

}  // namespace passerelle::hostnn
