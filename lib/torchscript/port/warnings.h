#pragma once

namespace passerelle::torchscript::port {

/// LibTorch's warnings of this thread, which it would print to stderr, are dropped from now on.
void silence_warnings();

}  // namespace passerelle::torchscript::port
