// What the tests of the C functions share: a small model, its compilation, its execution.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "client.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"

namespace passerelle::testing {

using nnapi::OperandType;
using nnapi::OperationType;

inline constexpr int32_t add_code = static_cast<int32_t>(OperationType::ADD);
inline constexpr int32_t projection_code = static_cast<int32_t>(OperationType::LSH_PROJECTION);

/// An operand type with dimensions that live as long as it.
struct Type {
  Type(OperandType code, std::vector<uint32_t> sizes = {}, float scale = 0, int32_t zero_point = 0)
      : dimensions(std::move(sizes)) {
    value = {static_cast<int32_t>(code), static_cast<uint32_t>(dimensions.size()),
             dimensions.empty() ? nullptr : dimensions.data(), scale, zero_point};
  }
  Type(const Type&) = delete;
  operator const ANeuralNetworksOperandType*() const { return &value; }

  std::vector<uint32_t> dimensions;
  ANeuralNetworksOperandType value;
};

inline int add_operand(ANeuralNetworksModel* model, OperandType code, std::vector<uint32_t> dimensions = {}) {
  return ANeuralNetworksModel_addOperand(model, Type(code, std::move(dimensions)));
}

inline int add_operation(ANeuralNetworksModel* model, int32_t code, std::vector<uint32_t> inputs,
                         std::vector<uint32_t> outputs) {
  return ANeuralNetworksModel_addOperation(model, code, inputs.size(), inputs.data(), outputs.size(), outputs.data());
}

inline int identify(ANeuralNetworksModel* model, std::vector<uint32_t> inputs, std::vector<uint32_t> outputs) {
  return ANeuralNetworksModel_identifyInputsAndOutputs(model, inputs.size(), inputs.data(), outputs.size(),
                                                       outputs.data());
}

inline const int32_t no_activation = ANEURALNETWORKS_FUSED_NONE;

/// Operands 0 and 1 are the inputs, 2 the activation, 3 the sum; not finished.
inline client::Model unfinished_sum(std::vector<uint32_t> dimensions = {2, 2}) {
  client::Model model = client::make_model();
  for (int i = 0; i < 2; ++i) REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, dimensions) == 0);
  REQUIRE(add_operand(model.get(), OperandType::INT32) == 0);
  REQUIRE(add_operand(model.get(), OperandType::TENSOR_FLOAT32, dimensions) == 0);
  REQUIRE(ANeuralNetworksModel_setOperandValue(model.get(), 2, &no_activation, sizeof no_activation) == 0);
  REQUIRE(add_operation(model.get(), add_code, {0, 1, 2}, {3}) == 0);
  REQUIRE(identify(model.get(), {0, 1}, {3}) == 0);
  return model;
}

inline client::Model sum(std::vector<uint32_t> dimensions = {2, 2}) {
  client::Model model = unfinished_sum(std::move(dimensions));
  REQUIRE(ANeuralNetworksModel_finish(model.get()) == 0);
  return model;
}

inline client::Compilation compiled(ANeuralNetworksModel* model, bool for_devices = false) {
  ANeuralNetworksCompilation* compilation = nullptr;
  const ANeuralNetworksDevice* const devices[] = {client::device()};
  const int made = for_devices ? ANeuralNetworksCompilation_createForDevices(model, devices, 1, &compilation)
                               : ANeuralNetworksCompilation_create(model, &compilation);
  REQUIRE(made == 0);
  client::Compilation owned(compilation);
  REQUIRE(ANeuralNetworksCompilation_finish(compilation) == 0);
  return owned;
}

inline client::Execution execution_of(ANeuralNetworksCompilation* compilation) {
  ANeuralNetworksExecution* execution = nullptr;
  REQUIRE(ANeuralNetworksExecution_create(compilation, &execution) == 0);
  return client::Execution(execution);
}

/// Four numbers in, four out.
struct Numbers {
  float a[4] = {1, 2, 3, 4};
  float b[4] = {10, 20, 30, 40};
  float result[4] = {};

  void set(ANeuralNetworksExecution* execution) {
    REQUIRE(ANeuralNetworksExecution_setInput(execution, 0, nullptr, a, sizeof a) == 0);
    REQUIRE(ANeuralNetworksExecution_setInput(execution, 1, nullptr, b, sizeof b) == 0);
    REQUIRE(ANeuralNetworksExecution_setOutput(execution, 0, nullptr, result, sizeof result) == 0);
  }
  bool is_right() const {
    for (int i = 0; i < 4; ++i)
      if (result[i] != a[i] + b[i]) return false;
    return true;
  }
};

/// Sets an environment variable for a scope.
struct Environment {
  Environment(const char* name, const char* value) : name(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name); }
  const char* name;
};

}  // namespace passerelle::testing
