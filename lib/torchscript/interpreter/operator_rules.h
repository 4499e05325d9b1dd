// What tracing has to know of operators beyond their schemas. Tables; no LibTorch.
#pragma once

#include <string_view>

namespace passerelle::torchscript {

/// Whether the operator reads no more of this tensor argument than its shape, dtype and the like.
bool reads_only_shape(std::string_view op, std::string_view argument);

/// Draws random numbers, whatever its arguments.
bool is_random(std::string_view op);

/// Draws random numbers where the argument of that name is true; empty for none.
std::string_view random_where_true(std::string_view op);

/// The shape of a result depends on the values of the arguments.
bool has_dynamic_shape(std::string_view op);

/// Returns its first argument's values unchanged, unless it changes dtype or shape: clone, contiguous, to, ...
bool keeps_values(std::string_view op);

/// Writes to its first argument where the argument of that name is true, whatever its schema says; empty for none.
std::string_view in_place_where_true(std::string_view op);

/// The result's memory is whatever it was.
bool is_uninitialised(std::string_view op);

/// Run by nobody: it has no result and no meaning for a converted model (warn, Print, set_grad_enabled).
bool is_ignored(std::string_view op);

/// Normalisations that update running statistics where `flag` is true, and only there, whatever their schema says:
/// arguments to protect.
struct StatisticsWrite {
  std::string_view op;
  std::string_view flag;
  std::string_view tensors[2];
};
const StatisticsWrite* statistics_write(std::string_view op);

}  // namespace passerelle::torchscript
