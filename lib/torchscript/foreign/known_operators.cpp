#include "passerelle/torchscript/known_operators.h"

#include <torch/csrc/jit/runtime/operator.h>

#include "operators.h"

namespace passerelle::torchscript {

bool has_operator(const std::string& name) {
  register_foreign_operators();
  register_operators_of_releases({name});
  const auto symbol = c10::Symbol::fromQualString(name);
  const bool is_node =
      symbol.is_prim() && static_cast<c10::unique_t>(symbol) < static_cast<c10::unique_t>(c10::_keys::num_symbols);
  return is_node || !torch::jit::getAllOperatorsFor(symbol).empty();  // prim::If has no schema
}

}  // namespace passerelle::torchscript
