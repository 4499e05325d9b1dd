// The operators that the releases of PyTorch from 1.13 to 2.14 do not all have alike: of aten:: and quantized::.
#pragma once

#include <string_view>

#include "passerelle/support/span.h"

namespace passerelle::torchscript {

/// "aten::rms_norm(Tensor input, ...) -> Tensor", sorted by operator, an operator's newest form first.
Span<const std::string_view> release_schemas();

/// Those of one operator ("aten::rms_norm"), all overloads.
Span<const std::string_view> release_schemas_of(std::string_view op);

}  // namespace passerelle::torchscript
