// What verification has found, output by output.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/comparison.h"

namespace passerelle::report {

/// One comparison a port, in the ports' order.
std::string comparison_text(const std::vector<verify::Port>& ports, const std::vector<verify::Comparison>& comparisons);

/// A list of objects; docs/cli.md describes the keys.
nlohmann::ordered_json comparison_json(const std::vector<verify::Port>& ports,
                                       const std::vector<verify::Comparison>& comparisons);

}  // namespace passerelle::report
