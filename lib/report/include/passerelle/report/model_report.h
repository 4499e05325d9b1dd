// What is in a TorchScript model: the data, and the forms in which it is told.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "passerelle/report/findings.h"
#include "passerelle/report/picture.h"
#include "passerelle/trace/trace.h"

namespace passerelle::report {

struct ModelParameter {
  std::string name, type;  ///< of forward; TorchScript's type
};

struct ModelPort {
  std::string name;
  TensorFact tensor;
  graph::Quantization quantization;
};

struct ModelOperator {
  std::string name, overload;
  std::vector<ModelPort> outputs;  ///< without names
  graph::Origin origin;
  uint64_t multiply_adds = 0;
};

struct OperatorCount {
  std::string name;
  size_t count = 0;
  uint64_t multiply_adds = 0;
};

/// A tensor that is known at conversion and read by an operator that is not: a weight, or what was computed of weights.
struct ModelConstant {
  TensorFact tensor;
  uint64_t bytes = 0;
  std::string reader;  ///< the first: "aten::conv2d in features.0 (net.py:12)"
};

struct ModelReport {
  std::string file;
  std::string written_by;  ///< "PyTorch 2.1 or later"
  std::string libtorch;    ///< the version that read it
  std::vector<ModelParameter> parameters;
  bool traced = false;  ///< false: there were no inputs to trace it with, and all below is empty
  std::vector<ModelPort> inputs, outputs;
  std::vector<ModelOperator> operators;  ///< that depend on the input's data: all others are computed at conversion
  std::vector<OperatorCount> counts;     ///< most frequent first, then by name
  std::vector<ModelConstant> constants;  ///< from the largest on
  uint64_t constant_bytes = 0, multiply_adds = 0;
  std::vector<Finding> findings;  ///< what can't be traced; check says what can't be converted
  Picture picture;
};

ModelReport model_report(const std::string& file, std::vector<ModelParameter> parameters);
void add_trace(ModelReport& report, const trace::Trace& trace);

/// `full` adds each operator with its place.
std::string model_text(const ModelReport& report, bool full);
/// docs/json.md describes the keys.
nlohmann::ordered_json model_json(const ModelReport& report);
std::string model_html(const ModelReport& report);

}  // namespace passerelle::report
