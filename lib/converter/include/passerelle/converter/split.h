// A model of which NNAPI computes parts and LibTorch the rest: cut, convert each part, cut again without what was
// refused.
#pragma once

#include <string>
#include <vector>

#include "passerelle/converter/convert.h"
#include "passerelle/partition/cut.h"

namespace passerelle::converter {

struct SplitOptions {
  passes::Target target;
  bool relax_fp16 = false;
  partition::Costs costs;
};

/// A part of the cut as it is handed to PyTorch's own NNAPI class: see passerelle/stock/model.h. Its ports carry what
/// that class takes: float32, int32 and quint8.
struct SplitPart {
  graph::Module module;                             ///< finished
  std::vector<graph::ElementType> inputs, outputs;  ///< what is carried, of Cut's ports in their order
};

struct Split {
  partition::Cut cut;
  std::vector<SplitPart> parts;              ///< of the cut's, in its order
  std::vector<graph::Diagnostic> blockers;   ///< why operators stay with LibTorch that NNAPI can't have
  std::vector<bool> refused;                 ///< by NodeId: whether there is a blocker about it
  std::vector<graph::Diagnostic> obstacles;  ///< why the model can't be cut at all: where there are any, nothing else
};

/// Control flow and shapes that depend on data are obstacles: what was traced is right for the example's values alone.
Expected<Split> split(const trace::Trace& trace, const SplitOptions& options);

}  // namespace passerelle::converter
