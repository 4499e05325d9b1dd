// Why operators have no lowering, and what to write instead of them and of element types that NNAPI lacks: rows of
// graph/ways_out.def.
#pragma once

#include <string>
#include <string_view>

#include "passerelle/graph/element_type.h"

namespace passerelle::lowering {

/// What keeps an operator without a lowering from having one.
std::string why_not_lowered(std::string_view op);

/// Something that can be converted, or a place outside of the model; never empty.
std::string alternative(std::string_view op, bool on_complex_numbers);

std::string alternative_to(graph::ElementType type);

}  // namespace passerelle::lowering
