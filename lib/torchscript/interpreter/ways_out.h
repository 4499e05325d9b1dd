// What to do instead, by operator: rows of graph/ways_out.def. Tables; no LibTorch.
#pragma once

#include <string>
#include <string_view>

namespace passerelle::torchscript {

/// Of an operator whose result has a shape that depends on the values of its arguments.
std::string way_out_of_dynamic_shape(std::string_view op);
/// Of giving it a number that is computed from data, where it takes no tensor in its place.
std::string way_out_of_number(std::string_view op);

/// Of an operator that can't be run here, with why.
struct UnknownOperator {
  std::string why, way_out;
};
UnknownOperator unknown_operator(const std::string& op, bool is_of_nested_tensors, bool is_lacking);

}  // namespace passerelle::torchscript
