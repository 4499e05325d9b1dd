// Questions to a trace that several reports ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/report/findings.h"
#include "passerelle/trace/trace.h"

namespace passerelle::report {

/// "1x3x224x224", "scalar"
std::string shape_text(const std::vector<int64_t>& shape);

/// The tensors that an operator reads and makes, lists opened.
std::vector<trace::TensorId> argument_tensors(const trace::Node& node);
std::vector<trace::TensorId> result_tensors(const trace::Node& node);

std::vector<TensorFact> input_facts(const trace::Trace& trace, const trace::Node& node);
std::vector<TensorFact> output_facts(const trace::Trace& trace, const trace::Node& node);

/// The node of a diagnostic in a list that may be shorter than the diagnostics.
std::optional<uint32_t> refused_node(const std::vector<std::optional<uint32_t>>& refused, size_t diagnostic);
/// The trace's node that a diagnostic is about: `refused` where it is given, or else the first of the same origin.
std::optional<uint32_t> node_of(const trace::Trace& trace, const graph::Diagnostic& diagnostic,
                                std::optional<uint32_t> refused);
/// All nodes that it is about: those of one origin are one line of the model, run several times.
std::vector<uint32_t> nodes_of(const trace::Trace& trace, const graph::Diagnostic& diagnostic,
                               std::optional<uint32_t> refused);

}  // namespace passerelle::report
