// Work in several threads: those of OpenMP, which are LibTorch's too.
#pragma once

#include <cstdint>
#include <functional>

namespace passerelle::hostnn {

/// Calls `work(begin, end)` for parts of [0, count), of at least `least` each, in at most `threads` threads. What one
/// of them throws is thrown here. Within another parallel region, or without OpenMP, there is one thread.
void in_parallel(int64_t count, int64_t least, int threads, const std::function<void(int64_t, int64_t)>& work);

}  // namespace passerelle::hostnn
