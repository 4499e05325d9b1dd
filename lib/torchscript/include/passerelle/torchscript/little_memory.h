// LibTorch in a process that may take only so much memory.
#pragma once

namespace passerelle::torchscript {

/// Starts LibTorch's threads, whose stacks may not fit later, and makes its failures to allocate call
/// std::get_new_handler() before anything else, as `new` does.
void prepare_for_little_memory();

}  // namespace passerelle::torchscript
