// --memory-limit
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace passerelle::cli {

inline constexpr int memory_status = 9;

/// Of "4G", "512M", "1000000": K, M, G and T are powers of 1024. Nothing where it is no size from 1 up.
std::optional<uint64_t> parse_size(const std::string& text);

/// From now on the process may have `bytes` of memory of its own (Linux' RLIMIT_DATA: heaps and threads' stacks, not
/// what is mapped from files). Where it would need more it ends with what `say` returns for a sentence; a file that is
/// being written goes.
void limit_memory(uint64_t bytes, std::function<int(const std::string& sentence)> say);

/// Ends the process as beyond the limit, where there is one: for failures to allocate that came as exceptions.
void end_beyond_limit();

}  // namespace passerelle::cli
