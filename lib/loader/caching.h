// Under which name drivers keep what they compiled.
#pragma once

#include <array>
#include <cstdint>

#include "compilation.h"

namespace passerelle::loader {

using CacheToken = std::array<uint8_t, ANEURALNETWORKS_BYTE_SIZE_OF_CACHE_TOKEN>;

/// Differs where the model's content, the options that change what is compiled, the library's level, or the devices or
/// their drivers' versions differ. Without a list of devices all of the library's count.
CacheToken cache_token(const Compiled& target, const passerelle_compile_options& options, bool relax_fp16);

/// Has `compilation` cached in options.cache_directory, where there is one and the library can.
passerelle_status set_caching(const Compiled& target, ANeuralNetworksCompilation* compilation,
                              const passerelle_compile_options& options, bool relax_fp16, passerelle_error* error);

/// INVALID_ARGUMENT where the folder is none that can be written to.
passerelle_status check_cache_directory(const char* directory, passerelle_error* error);

}  // namespace passerelle::loader
