// What to write instead of operators that have no lowering.
#pragma once

#include <string>
#include <string_view>

namespace passerelle::lowering {

/// Something that can be converted, or a place outside of the model; never empty. tests/lowering converts each of them.
std::string alternative(std::string_view op);

}  // namespace passerelle::lowering
