// Operators that archives name and that this LibTorch lacks: their schemas are made known, so that such archives load.
#pragma once

#include <string>

namespace passerelle::torchscript {

/// Registers the table's schemas, once a process.
void register_foreign_operators();

/// Registers "name(...) -> Tensor": enough for most archives to load. False where the operator is known already.
bool register_unheard_of_operator(const std::string& name);

/// Whether one of ours that can't be called: some can, see foreign_kernels.h.
bool is_foreign(const std::string& op, const std::string& overload);

}  // namespace passerelle::torchscript
