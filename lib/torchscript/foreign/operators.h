// Operators that archives name and that this LibTorch lacks: their schemas are made known, so that such archives load.
#pragma once

#include <set>
#include <stdexcept>
#include <string>

namespace passerelle::torchscript {

/// Thrown by an operator that this LibTorch has in a form with fewer arguments, where one of the others is given.
struct LackingForm : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Registers the schemas that are PyTorch's libraries' and not PyTorch's own, once a process.
void register_foreign_operators();

/// Registers what other releases of PyTorch have of these operators ("aten::rms_norm") and this LibTorch does not:
/// whole operators, overloads, and overloads with other arguments.
void register_operators_of_releases(const std::set<std::string>& ops);

/// Registers "name(...) -> Tensor": enough for most archives to load. False where the operator is known already.
bool register_unheard_of_operator(const std::string& name);

/// Whether one of ours that can't be called: some can, see kernels.h.
bool is_foreign(const std::string& op, const std::string& overload);

/// The operators that an archive's code names: torch.relu(...) is aten::relu, ops.quantized.add(...) quantized::add.
std::set<std::string> operators_named_in(std::string_view code);

}  // namespace passerelle::torchscript
