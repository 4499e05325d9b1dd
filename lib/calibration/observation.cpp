#include "observation.h"

#include <algorithm>

#include "passerelle/passes/pipeline.h"
#include "runner.h"

namespace passerelle::calibration {
namespace {

using graph::Graph;
using graph::Module;
using graph::OperandId;

bool is_float(const Graph& graph, OperandId id) {
  return graph.type(id).type == graph::OperandType::TENSOR_FLOAT32 && !graph.is_constant(id);
}

/// What operations make, in lots whose buffers fit.
std::vector<std::vector<OperandId>> lots_of(const Graph& graph, size_t most_bytes) {
  std::vector<std::vector<OperandId>> lots(1);
  size_t bytes = 0;
  for (const graph::Operation& operation : graph.operations)
    for (OperandId id : operation.outputs) {
      if (!is_float(graph, id)) continue;
      const size_t here = graph::element_count(graph.shape(id)) * sizeof(float);
      if (bytes + here > most_bytes && !lots.back().empty()) {
        lots.emplace_back();
        bytes = 0;
      }
      lots.back().push_back(id);
      bytes += here;
    }
  return lots;
}

/// The graph with these operands as its only outputs.
Module returning(const Module& module, const std::vector<OperandId>& operands) {
  Module result = module;
  result.main().outputs.clear();
  result.ports.outputs.clear();
  for (OperandId id : operands) expose(result, id, "operand" + std::to_string(graph::index(id)));
  result.main().remove_dead();
  return result;
}

size_t channels_of(const graph::Shape& shape) { return shape.empty() ? 1 : shape.back(); }

/// Inputs come as PyTorch has them: their channels are not those of the graph, and are not looked at.
void add_inputs(const Graph& floats, const Sample& sample, Observations& seen) {
  for (size_t i = 0; i < floats.inputs.size() && i < sample.size(); ++i) {
    const OperandId id = floats.inputs[i];
    if (!is_float(floats, id) || sample[i].type != graph::ElementType::float32) continue;
    seen[id].histogram.add(sample[i].as<float>(), graph::element_count(sample[i].shape));
  }
}

}  // namespace

Expected<Observations> observe(const Module& module, const Samples& samples, const Options& options,
                               size_t most_bytes) {
  const Graph& floats = module.main();
  Observations seen;
  const std::vector<std::vector<OperandId>> lots = lots_of(floats, most_bytes);
  for (size_t lot = 0; lot < lots.size(); ++lot) {
    Module observed = returning(module, lots[lot]);
    passes::Target widest;
    widest.feature_level = nnapi::highest_feature_level;
    passes::finish(observed, widest);
    Expected<Runner> runner = Runner::make(observed, options.nnapi_library);
    if (!runner) return runner.error();
    for (size_t i = 0; i < samples.count(); ++i) {
      if (options.progress)
        options.progress("calibrating: sample " + std::to_string(i + 1) + " of " + std::to_string(samples.count()));
      Expected<Sample> sample = samples.read(i);
      if (!sample) return sample.error();
      if (auto ran = runner->run(*sample); !ran) return ran.error();
      for (size_t output = 0; output < lots[lot].size(); ++output) {
        const OperandId id = lots[lot][output];
        seen[id].add(runner->floats(output), runner->float_count(output), channels_of(floats.shape(id)));
      }
      if (lot == 0) add_inputs(floats, *sample, seen);
    }
  }
  return seen;
}

}  // namespace passerelle::calibration
