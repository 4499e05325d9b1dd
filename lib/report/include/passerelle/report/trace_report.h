// What is in a TorchScript model, as its trace saw it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "passerelle/torchscript/trace.h"

namespace passerelle::report {

/// Inputs, outputs and how many operators of each kind; `full` adds each operator with its place.
std::string trace_text(const torchscript::Trace& trace, bool full);

/// Keys inputs, outputs, operation_counts, operations, diagnostics: docs/cli.md describes them.
nlohmann::ordered_json trace_json(const torchscript::Trace& trace);

}  // namespace passerelle::report
