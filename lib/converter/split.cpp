#include "passerelle/converter/split.h"

#include <algorithm>
#include <map>

#include "border.h"
#include "passerelle/graph/ways_out.h"
#include "passerelle/stock/model.h"
#include "passerelle/support/check.h"

namespace passerelle::converter {
namespace {

using partition::Cut;
using partition::Part;
using trace::NodeId;

class Splitter {
 public:
  Splitter(const trace::Trace& trace, const SplitOptions& options) : trace_(trace), options_(options) {
    constraints_.stays.resize(trace.nodes.size());
    constraints_.in_order.resize(trace.nodes.size());
    split_.refused.resize(trace.nodes.size());
  }

  Expected<Split> run() {
    take_diagnostics();
    refuse_regions();
    if (!split_.obstacles.empty()) return Expected<Split>(std::move(split_));
    // First with all that might go: what is refused is found at once, and prices are asked for what is left.
    for (auto* cut : {&partition::greedy_cut, &partition::cut})
      for (bool stands = false; !stands;) {
        split_.cut = (*cut)(trace_, constraints_, options_.costs);
        Expected<bool> converted = convert_parts();
        if (!converted) return converted.error();
        stands = *converted;
      }
    for (const Part& part : split_.cut.parts) split_.parts.push_back(std::move(converted_.at(key(part))));
    return Expected<Split>(std::move(split_));
  }

 private:
  using Key = std::pair<std::vector<NodeId>, std::vector<trace::TensorId>>;
  static Key key(const Part& part) { return {part.nodes, part.outputs}; }

  /// A cut goes through a straight line of operators: branches and loops would be written into the module as they are.
  void refuse_regions() {
    for (uint32_t i = 0; i < trace_.nodes.size(); ++i) {
      const trace::Node& node = trace_.nodes[i];
      if (node.regions.empty()) continue;
      const graph::Origin& origin = trace_.origins[node.origin];
      const auto same_place = [&](const graph::Diagnostic& each) {
        return each.reason == graph::Reason::data_dependent_control_flow && each.origin.op == origin.op &&
               each.origin.user.line == origin.user.line && each.origin.user.file == origin.user.file;
      };
      if (std::any_of(split_.obstacles.begin(), split_.obstacles.end(), same_place)) continue;
      graph::Diagnostic diagnostic;
      diagnostic.reason = graph::Reason::data_dependent_control_flow;
      diagnostic.op = node.op;
      diagnostic.origin = origin;
      diagnostic.nodes = {NodeId{i}};
      diagnostic.message = "what depends on the values of a tensor can't be divided between NNAPI and LibTorch";
      diagnostic.suggestion = "convert it without --fallback for feature level 4 or above (--min-api 30), or " +
                              std::string(graph::way_out::both_ways);
      split_.obstacles.push_back(std::move(diagnostic));
    }
  }

  /// Random numbers are LibTorch's. All else that tracing has found means that the trace is not the model.
  void take_diagnostics() {
    for (const graph::Diagnostic& diagnostic : trace_.diagnostics) {
      if (diagnostic.reason != graph::Reason::nondeterministic) {
        split_.obstacles.push_back(diagnostic);
        continue;
      }
      if (diagnostic.nodes.empty()) continue;  // nobody reads it
      for (NodeId node : diagnostic.nodes) constraints_.in_order[graph::index(node)] = true;
      refuse(diagnostic);
    }
  }

  void refuse(const graph::Diagnostic& diagnostic) {
    for (NodeId node : diagnostic.nodes) {
      constraints_.stays[graph::index(node)] = true;
      split_.refused[graph::index(node)] = true;
    }
    split_.blockers.push_back(diagnostic);
  }

  /// Whether all of them could be.
  Expected<bool> convert_parts() {
    bool all = true;
    for (const Part& part : split_.cut.parts) {
      if (converted_.count(key(part)) > 0) continue;
      Expected<std::vector<graph::Diagnostic>> refused = convert(part);
      if (!refused) return refused.error();
      for (graph::Diagnostic& diagnostic : *refused) {
        if (diagnostic.nodes.empty()) diagnostic.nodes = part.nodes;  // of the part's border: nobody else's to keep
        refuse(diagnostic);
      }
      all = all && refused->empty();
    }
    return all;
  }

  Expected<std::vector<graph::Diagnostic>> convert(const Part& part) {
    std::vector<graph::Diagnostic> refused = refused_at_border(trace_, part);
    if (!refused.empty()) return refused;
    const Bordered bordered = with_border(trace_, part);
    Options options;
    options.target = options_.target;
    options.relax_fp16 = options_.relax_fp16;
    Expected<Converted> converted = converter::convert(bordered.trace, options);
    if (!converted) return converted.error();
    refused = std::move(converted->diagnostics);
    if (refused.empty()) refused = stock::obstacles(converted->module);
    for (graph::Diagnostic& diagnostic : refused)
      for (NodeId& node : diagnostic.nodes) node = bordered.original.at(graph::index(node));
    if (refused.empty()) keep(part, std::move(converted->module));
    return refused;
  }

  void keep(const Part& part, graph::Module module) {
    SplitPart kept;
    for (trace::TensorId id : part.inputs) kept.inputs.push_back(*carried_type(trace_[id].type));
    for (trace::TensorId id : part.outputs) kept.outputs.push_back(*carried_type(trace_[id].type));
    check(module.ports.inputs.size() == kept.inputs.size() && module.ports.outputs.size() == kept.outputs.size(),
          "a part has the ports of its cut");
    kept.module = std::move(module);
    converted_.emplace(key(part), std::move(kept));
  }

  const trace::Trace& trace_;
  const SplitOptions& options_;
  partition::Constraints constraints_;
  std::map<Key, SplitPart> converted_;
  Split split_;
};

}  // namespace

Expected<Split> split(const trace::Trace& trace, const SplitOptions& options) { return Splitter(trace, options).run(); }

}  // namespace passerelle::converter
