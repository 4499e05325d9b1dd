// Runs graphs on the host NNAPI, through the loader, as often as there are samples.
#pragma once

#include <string>
#include <vector>

#include "passerelle/calibration/samples.h"
#include "passerelle/graph/graph.h"
#include "passerelle/loader/passerelle.hpp"
#include "passerelle/support/expected.h"

namespace passerelle::calibration {

class Runner {
 public:
  /// `finished`: as passes::run() leaves it.
  static Expected<Runner> make(const graph::Module& finished, const std::string& nnapi_library);

  /// The outputs can be looked at until the next run.
  Expected<void> run(const Sample& inputs);

  size_t output_count() const { return outputs_.size(); }
  /// What an output's elements stand for, whatever their type.
  std::vector<float> numbers(size_t output) const;
  const float* floats(size_t output) const { return reinterpret_cast<const float*>(outputs_[output].data()); }
  size_t float_count(size_t output) const { return outputs_[output].size() / sizeof(float); }

 private:
  std::vector<unsigned char> bytes_;  // which the model lies in
  loader::Nnapi nnapi_;
  loader::Model model_;
  loader::Compilation compilation_;
  std::vector<std::vector<unsigned char>> outputs_;
};

/// Adds an output that returns the operand as it lies there.
void expose(graph::Module& module, graph::OperandId operand, const std::string& name);

}  // namespace passerelle::calibration
