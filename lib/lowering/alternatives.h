// What to write instead of operators that have no lowering, and of element types that NNAPI lacks: rows of
// graph/ways_out.def.
#pragma once

#include <string>
#include <string_view>

#include "passerelle/graph/element_type.h"

namespace passerelle::lowering {

/// Something that can be converted, or a place outside of the model; never empty.
std::string alternative(std::string_view op, bool on_complex_numbers);

std::string alternative_to(graph::ElementType type);

}  // namespace passerelle::lowering
