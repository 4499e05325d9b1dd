// A file's view as an NNAPI model.
#pragma once

#include "compilation.h"

namespace passerelle::loader {

/// Fills in compilation.weights and compilation.model, finished.
passerelle_status build_model(passerelle_compilation& compilation, bool relax_fp16, passerelle_error* error);

}  // namespace passerelle::loader
