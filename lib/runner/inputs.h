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

}  // namespace passerelle::runner
