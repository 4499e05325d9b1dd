#include "side_by_side.h"

#include <algorithm>

#include "runner.h"

namespace passerelle::calibration {
namespace {

using graph::Graph;
using graph::Module;
using graph::OperandId;
using Op = graph::OperationType;

/// Results in floats and in integers, side by side.
struct Pairs {
  std::vector<size_t> operations;  ///< by index in the float graph
  Module floats, integers;         ///< an output for each
};

Pairs pairs_of(const Module& module, const IntegerGraph& made) {
  const Graph& floats = module.main();
  Pairs pairs{{}, module, made.module};
  for (Module* each : {&pairs.floats, &pairs.integers}) {
    each->main().outputs.clear();
    each->ports.outputs.clear();
  }
  for (size_t i = 0; i < floats.operations.size(); ++i) {
    const OperandId result = floats.operations[i].output();
    const auto integers = made.integers.find(result);
    if (integers == made.integers.end()) continue;
    const OperandId back = pairs.integers.main().append(Op::DEQUANTIZE, {{"input", integers->second}},
                                                        floats.type(result), floats.operations[i].origin);
    const std::string name = "operation" + std::to_string(i);
    expose(pairs.floats, result, name);
    expose(pairs.integers, back, name);
    pairs.operations.push_back(i);
  }
  pairs.floats.main().remove_dead();
  return pairs;
}

Expected<void> visit_pairs(const Module& floats, const IntegerGraph& made, const Samples& samples,
                           const Options& options, const passes::Target& target, const Visit& visit) {
  Pairs pairs = pairs_of(floats, made);
  // Nothing can be said of what can't be run: the conversion itself tells why.
  if (pairs.operations.empty() || !passes::run(pairs.integers, target).empty()) return {};
  passes::Target widest;
  widest.feature_level = nnapi::highest_feature_level;
  passes::finish(pairs.floats, widest);
  Expected<Runner> reference = Runner::make(pairs.floats, options.nnapi_library);
  if (!reference) return reference.error();
  Expected<Runner> actual = Runner::make(pairs.integers, options.nnapi_library);
  if (!actual) return actual.error();
  for (size_t i = 0; i < samples.count(); ++i) {
    if (options.progress)
      options.progress("comparing operations: sample " + std::to_string(i + 1) + " of " +
                       std::to_string(samples.count()));
    Expected<Sample> sample = samples.read(i);
    if (!sample) return sample.error();
    if (Expected<void> ran = reference->run(*sample); !ran) return ran.error();
    if (Expected<void> ran = actual->run(*sample); !ran) return ran.error();
    for (size_t output = 0; output < pairs.operations.size(); ++output)
      visit(pairs.operations[output], reference->numbers(output), actual->numbers(output));
  }
  return {};
}

}  // namespace

passes::Target with_borders(passes::Target target) {
  target.feature_level = std::max(target.feature_level, nnapi::introduced(Op::QUANTIZE));
  return target;
}

Expected<void> visit_accumulated(const Choice& choice, const IntegerGraph& made, const Samples& samples,
                                 const Options& options, const passes::Target& target, const Visit& visit) {
  return visit_pairs(choice.floats, made, samples, options, target, visit);
}

Expected<void> visit_alone(const Choice& choice, const Samples& samples, const Options& options,
                           const passes::Target& target, const Visit& visit) {
  const IntegerGraph isolated =
      integer_graph(choice.floats, choice.roles, choice.scales, choice.shifts, options, target.feature_level, true);
  return visit_pairs(choice.floats, isolated, samples, options, with_borders(target), visit);
}

}  // namespace passerelle::calibration
