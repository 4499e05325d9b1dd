// What a model lost when it was quantized.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "passerelle/calibration/quantize.h"

namespace passerelle::report {

std::string quantization_text(const calibration::Report& report);
/// docs/json.md describes the keys.
nlohmann::ordered_json quantization_json(const calibration::Report& report);

}  // namespace passerelle::report
