#pragma once

#include <cstdint>

#include "network.h"

namespace passerelle::tests {

/// A network of `statements` statements (fewer where too little fits), well conditioned. The same seed gives the same.
Network random_network(uint32_t seed, size_t statements);

}  // namespace passerelle::tests
