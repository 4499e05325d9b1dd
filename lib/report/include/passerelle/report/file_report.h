// What is in a .nnapi file.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "passerelle/blob/view.h"

namespace passerelle::report {

/// Size, level, inputs and outputs, and how many operations of each kind.
std::string file_summary(const std::string& name, const blob::View& view);

/// The summary, and where the bytes are; `full` adds each operation, operand and constant.
std::string file_text(const std::string& name, const blob::View& view, bool full);

/// Everything; docs/cli.md describes the keys.
nlohmann::ordered_json file_json(const std::string& name, const blob::View& view);

}  // namespace passerelle::report
