// A process that believes what a file says, and one that sees how it ends.
#pragma once

#include <functional>
#include <optional>

#include "passerelle/support/expected.h"

namespace passerelle::cli {

/// Goes on in a child process, where it returns nothing. In this one it returns the exit status, once the child has
/// ended: its own, or what `say` returns of the sentence that tells which signal it died of, and what it was at.
/// Signals that are to end this process end the child, and then this one as they would have. To be called before the
/// process has other threads. Where no child can be had, everything goes on here.
std::optional<int> supervise(const std::function<int(const Error&)>& say);

}  // namespace passerelle::cli
