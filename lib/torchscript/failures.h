// How tracing ends early, and what LibTorch's exceptions say. Thrown inside of this room only.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace passerelle::torchscript {

/// The model threw on these inputs; the message is a sentence for the user.
struct ModelThrew : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Tracing can't go on; a diagnostic says why.
struct TraceStopped {};

/// The first sentence of LibTorch's message: without stack traces, source excerpts and "RuntimeError:".
std::string first_line(const std::exception& exception);

}  // namespace passerelle::torchscript
