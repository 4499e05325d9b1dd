// The text of --input: docs/cli.md describes it.
#pragma once

#include <string>
#include <vector>

#include "passerelle/support/expected.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::cli {

/// [NAME=](SHAPE | scalar | FILE.npy)[:DTYPE][:nhwc], or [NAME=](int=N | float=X | bool=true). A file is read.
/// Errors: `usage` for text that is none of these, `unreadable` for a file that can't be read.
Expected<torchscript::InputSpec> parse_input_spec(const std::string& text);

/// Whether it stands for a Python number.
bool is_number(const torchscript::InputSpec& spec);

Expected<std::vector<torchscript::InputSpec>> parse_input_specs(const std::vector<std::string>& texts);

}  // namespace passerelle::cli
