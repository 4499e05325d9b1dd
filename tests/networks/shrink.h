// Makes a failing network small.
#pragma once

#include <functional>

#include "network.h"

namespace passerelle::tests {

/// A smaller network for which `fails` still holds: statements become inputs or go, sizes become smaller, values
/// simpler. `fails` is asked only for networks that LibTorch takes and that are well conditioned.
Network shrink(Network network, const std::function<bool(const Network&)>& fails);

}  // namespace passerelle::tests
