// Android's golden models: small NNAPI models with inputs and the outputs that must come out. See the README.md of the
// folder nnapi_golden in the shared data.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace passerelle::golden {

enum class Lifetime { input, output, temporary, constant, no_value, subgraph };

struct Operand {
  int32_t type = 0;
  std::vector<uint32_t> dimensions;
  float scale = 0;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;
  uint32_t channel_dimension = 0;
  Lifetime lifetime = Lifetime::temporary;
  bool is_in_memory = false;  ///< a constant that the origin keeps in shared memory
  uint32_t subgraph = 0;      ///< index into Model::referenced
  std::vector<unsigned char> data;
  bool is_ignored = false;  ///< an output that is not compared
};

struct Operation {
  int32_t code = 0;
  std::string name;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
};

struct Graph {
  std::vector<Operand> operands;
  std::vector<Operation> operations;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
};

struct Model {
  std::string suite;
  std::string name;
  std::string file;
  std::vector<std::string> variant;
  int min_feature_level = 0;  ///< 0 where the origin does not say
  bool expect_failure = false;
  bool is_relaxed = false;
  double tolerance_multinomial = 0;
  Graph main;
  std::vector<Graph> referenced;

  std::string full_name() const { return suite + "/" + name; }
};

/// The folder of the models, or empty where the shared data is missing: then print why_missing and skip.
std::string directory();
extern const char* const why_missing;

/// Calls `visit` for each model of all suites, in the order of the files.
void for_each_model(const std::function<void(const Model&)>& visit);

/// The feature level that a suite was written for: V1_0 is 1, ... AIDL_V3 is 7.
int suite_feature_level(const std::string& suite);

struct Tolerance {
  double absolute = 0;
  double relative = 0;
};
/// How Android compares an output of the model: |actual - expected| <= absolute + relative * |expected|.
Tolerance tolerance(const Model& model, int32_t output_type);

/// Empty, or what differs first between an output's bytes and the operand's expected ones. The sizes must be equal.
std::string difference(const Model& model, const Operand& expected, const std::vector<unsigned char>& actual);

}  // namespace passerelle::golden
