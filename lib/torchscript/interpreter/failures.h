// How tracing ends early, and what LibTorch's exceptions say. Thrown inside of this room only.
#pragma once

#include <exception>
#include <string>

#include "passerelle/graph/diagnostic.h"

namespace passerelle::torchscript {

/// The model threw on these inputs.
struct ModelThrew {
  std::string what;  ///< without a full stop
  graph::Origin origin;
  bool is_raised = false;  ///< by the model's own raise or assert, not by an operator
};

/// A branch or a loop that can't be a region of the trace.
struct RegionRefused {
  std::string message;
  std::string suggestion;
  graph::Origin origin;
};

/// Tracing can't go on; a diagnostic says why.
struct TraceStopped {};

/// The first sentence of LibTorch's message: without stack traces, source excerpts and "RuntimeError:".
std::string first_line(const std::exception& exception);

}  // namespace passerelle::torchscript
