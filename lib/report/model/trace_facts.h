// Questions to a trace that several reports ask.
#pragma once

#include <cstdint>
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

}  // namespace passerelle::report
