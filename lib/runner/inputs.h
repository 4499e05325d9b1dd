// The buffers of a model's inputs.
#pragma once

#include <string>
#include <vector>

#include "passerelle/loader/passerelle.hpp"
#include "passerelle/support/expected.h"

namespace passerelle::runner {

using Buffer = std::vector<unsigned char>;

/// One .npy file for each input, in order. Errors: `usage` where they don't fit the model, `unreadable`.
Expected<std::vector<Buffer>> read_inputs(const std::string& model_path, const loader::Model& model,
                                          const std::vector<std::string>& paths);

/// Values that suit any model: floats from -1 to 1, from a fixed sequence; zeros for all other types, as integers may
/// be indices.
std::vector<Buffer> made_up_inputs(const loader::Model& model);

}  // namespace passerelle::runner
