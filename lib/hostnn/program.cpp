#include "program.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "elements.h"
#include "subprogram.h"

namespace passerelle::hostnn {
namespace {

Status bind_inputs(const Graph& graph, const std::vector<Buffer>& inputs, Tensors& values) {
  values.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Operand& operand = graph.operands[graph.inputs[i]];
    const Buffer& buffer = inputs[i];
    if (buffer.data == nullptr) continue;
    if (buffer.capacity < byte_size(operand.type, buffer.dimensions))
      return bad_data("input " + std::to_string(i) + " is too short");
    values[i] = tensor_of(operand.type, buffer.dimensions, buffer.data);
  }
  return success();
}

Status deliver(const Graph& graph, const std::vector<Buffer>& outputs, const Tensors& values,
               std::vector<OutputShape>& shapes) {
  std::vector<OutputShape> made(outputs.size());
  bool all_sufficient = true;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Operand& operand = graph.operands[graph.outputs[i]];
    const Tensor& value = values[i];
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

/// Runs `work`, and says in a status what it throws.
template <typename Work>
Status caught(Work&& work) {
  const c10::InferenceMode inference;
  try {
    return work();
  } catch (const Refusal& refusal) {
    return operation_failed(refusal.message);
  } catch (const c10::Error& error) {
    return operation_failed(first_line(error.what_without_backtrace()));
  }
}

}  // namespace

Program::Program(std::unique_ptr<const Subprogram> main) : main_(std::move(main)) {}
Program::~Program() = default;

Status Program::compile(std::shared_ptr<const Graph> graph, std::unique_ptr<Program>& program) {
  return caught([&] {
    std::unique_ptr<const Subprogram> main;
    PASSERELLE_RETURN_IF_FAILED(Subprogram::compile(std::move(graph), main));
    program.reset(new Program(std::move(main)));
    return success();
  });
}

Status Program::run(const std::vector<Buffer>& inputs, const std::vector<Buffer>& outputs, const RunLimits& limits,
                    std::vector<OutputShape>& shapes) const {
  return caught([&] {
    Tensors values, results;
    PASSERELLE_RETURN_IF_FAILED(bind_inputs(main_->graph(), inputs, values));
    PASSERELLE_RETURN_IF_FAILED(main_->run(values, limits, results));
    return deliver(main_->graph(), outputs, results, shapes);
  });
}

}  // namespace passerelle::hostnn
