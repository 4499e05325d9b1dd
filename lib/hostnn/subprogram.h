// One graph prepared once, and run on tensors: the main graph of a program, a branch of IF, or a part of WHILE.
#pragma once

#include "kernels/kernel.h"
#include "program.h"

namespace passerelle::hostnn {

class Subprogram {
 public:
  /// Fails, naming the first operation, where why_unsupported does. May throw Refusal and c10::Error.
  static Status compile(std::shared_ptr<const Graph> graph, std::unique_ptr<const Subprogram>& subprogram);

  const Graph& graph() const { return *graph_; }
  /// Inputs may be undefined: left out. May run in several threads at once, and throw as compile does.
  Status run(const Tensors& inputs, const RunLimits& limits, Tensors& outputs) const;

 private:
  /// An operation with all that does not change between runs.
  struct Step {
    uint32_t operation = 0;  // in Graph::operations
    const Row* row = nullptr;
    std::unique_ptr<const Prepared> prepared;              // where its weights are constant
    std::vector<std::unique_ptr<const Subprogram>> parts;  // of IF and WHILE, which have no row
    std::vector<uint32_t> dead_after;                      // operands that nothing reads any more
  };

  Status prepare();
  Status prepare_parts(Step& step) const;
  bool has_constant_weights(const Operation& operation) const;
  void find_last_uses();

  Status run_step(const Step& step, const RunLimits& limits, Tensors& values) const;
  Status run_operation(const Step& step, Tensors& inputs, Tensors& results) const;
  Status run_control_flow(const Step& step, const RunLimits& limits, Tensors& inputs, Tensors& results) const;
  Status check_inputs(const Tensors& inputs) const;
  Status check_outputs(const Step& step, const Tensors& results) const;

  std::shared_ptr<const Graph> graph_;
  std::vector<Step> steps_;
  Tensors constants_;  // by operand; undefined where it is none
};

/// The sentence that a caught error has for the client.
std::string first_line(const std::string& text);

}  // namespace passerelle::hostnn
