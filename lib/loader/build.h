// A file's view as NNAPI models: its own, and those that it refers to.
#pragma once

#include <string>

#include "compilation.h"

namespace passerelle::loader {

/// Fills in target.weights, target.referenced and target.model, finished.
passerelle_status build_model(BuiltModel& target, bool relax_fp16, passerelle_error* error);

/// "operation 12 (CONV_2D, from aten::conv2d of features.3, model.py:42)"
std::string operation_name(const blob::SubgraphView& view, uint32_t index);
inline std::string operation_name(const blob::View& view, uint32_t index) {
  return operation_name(view.subgraph(0), index);
}

}  // namespace passerelle::loader
