// What an operation of a file costs: each that multiplies by weights, and some by their numbers.
#include <string_view>

#include "catch.h"
#include "file/facts.h"
#include "passerelle/nnapi/arguments.h"

using namespace passerelle;
using nnapi::OperandType;
using nnapi::OperationType;

namespace {

/// An operation whose inputs and one output are float32 tensors of these shapes; an empty shape is one left out.
uint64_t cost(OperationType type, const std::vector<graph::Shape>& inputs, const graph::Shape& output) {
  report::FileReport report;
  report::FileOperation operation;
  operation.type = type;
  const auto added = [&](const graph::Shape& shape) {
    report::FileOperand operand;
    operand.type = OperandType::TENSOR_FLOAT32;
    operand.shape = shape;
    operand.storage = shape.empty() ? blob::Storage::omitted : blob::Storage::computed;
    report.operands.push_back(std::move(operand));
    return static_cast<uint32_t>(report.operands.size() - 1);
  };
  for (const graph::Shape& shape : inputs) operation.inputs.push_back(added(shape));
  operation.outputs.push_back(added(output));
  return report::multiply_adds(report, operation);
}

bool is_weights(std::string_view argument) {
  return argument == "filter" || argument.find("weights") != std::string_view::npos;
}

/// Eight gates' weights of one direction of an LSTM, its peepholes left out, and its biases.
void add_direction(std::vector<graph::Shape>& inputs, uint32_t features, uint32_t units) {
  for (int gate = 0; gate < 4; ++gate) inputs.push_back({units, features});
  for (int gate = 0; gate < 4; ++gate) inputs.push_back({units, units});
  for (int peephole = 0; peephole < 3; ++peephole) inputs.emplace_back();
  for (int gate = 0; gate < 4; ++gate) inputs.push_back({units});
  for (int projection = 0; projection < 2; ++projection) inputs.emplace_back();
}

}  // namespace

TEST_CASE("every operation that takes weights costs something") {
  int found = 0;
  for (OperationType type : nnapi::all_operation_types()) {
    const auto arguments = nnapi::argument_table(type);
    size_t rank = 0;
    std::vector<graph::Shape> inputs;
    for (const nnapi::ArgumentSpec& argument : arguments)
      if (is_weights(argument.name)) rank = std::max<size_t>(rank, argument.name == "filter" ? 4 : 2);
    if (rank == 0) continue;
    ++found;
    for (const nnapi::ArgumentSpec& argument : arguments)
      inputs.push_back(is_weights(argument.name) || inputs.empty() ? graph::Shape(rank, 2) : graph::Shape());
    INFO(nnapi::name(type));
    CHECK(cost(type, inputs, graph::Shape(rank, 2)) > 0);
  }
  CHECK(found > 10);
}

TEST_CASE("each step of each sequence meets all weights of both directions, and no state") {
  const uint32_t steps = 7, batch = 3, features = 5, units = 4;
  std::vector<graph::Shape> inputs{{steps, batch, features}};
  add_direction(inputs, features, units);
  add_direction(inputs, features, units);
  for (int state = 0; state < 4; ++state) inputs.push_back({batch, units});
  CHECK(cost(OperationType::BIDIRECTIONAL_SEQUENCE_LSTM, inputs, {steps, batch, units}) ==
        uint64_t{2} * steps * batch * 4 * (units * features + units * units));

  const std::vector<graph::Shape> plain{
      {steps, batch, features}, {units, features}, {units, units}, {units},       {batch, units},
      {units, features},        {units, units},    {units},        {batch, units}};
  CHECK(cost(OperationType::BIDIRECTIONAL_SEQUENCE_RNN, plain, {steps, batch, units}) ==
        uint64_t{2} * steps * batch * (units * features + units * units));
}

TEST_CASE("a projection is a matrix of weights too") {
  std::vector<graph::Shape> inputs{{3, 5}};
  add_direction(inputs, 5, 4);
  const uint64_t without = cost(OperationType::LSTM, inputs, {3, 4});
  inputs[inputs.size() - 2] = {2, 4};
  CHECK(cost(OperationType::LSTM, inputs, {3, 2}) == without + 3 * 2 * 4);
}

TEST_CASE("a product sums over what its matrices share, taken as they are or transposed") {
  CHECK(cost(OperationType::BATCH_MATMUL, {{6, 2, 5}, {6, 5, 3}}, {6, 2, 3}) == 6 * 2 * 3 * 5);
  CHECK(cost(OperationType::BATCH_MATMUL, {{6, 5, 2}, {6, 5, 3}}, {6, 2, 3}) == 6 * 2 * 3 * 5);  // adj_x
}
