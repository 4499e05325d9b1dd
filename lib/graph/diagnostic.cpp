#include "passerelle/graph/diagnostic.h"

namespace passerelle::graph {

const char* name(Reason reason) {
  switch (reason) {
    case Reason::unknown_operator: return "unknown-operator";
    case Reason::no_counterpart: return "no-counterpart";
    case Reason::needs_feature_level: return "needs-feature-level";
    case Reason::rank: return "rank";
    case Reason::dynamic_shape: return "dynamic-shape";
    case Reason::data_dependent_control_flow: return "data-dependent-control-flow";
    case Reason::element_type: return "element-type";
    case Reason::argument: return "argument";
    case Reason::quantization: return "quantization";
    case Reason::in_place_write: return "in-place-write";
    case Reason::nondeterministic: return "nondeterministic";
    case Reason::too_large: return "too-large";
    case Reason::state: return "state";
  }
  return "";
}

}  // namespace passerelle::graph
