// Inputs for runs of which nobody wants the outputs.
#pragma once

#include <vector>

#include "passerelle/loader/passerelle.hpp"

namespace passerelle::bench {

/// A buffer for each input, with small values from a fixed seed.
std::vector<std::vector<unsigned char>> made_up_inputs(const loader::Model& model);

}  // namespace passerelle::bench
