// What becomes of the operators of aten that are not lowered, and why: for all of PyTorch 2.14's.
#pragma once

#include <string_view>

namespace passerelle::trace {

enum class Fate {
  refused,         ///< a model may well call it, and NNAPI can't compute it
  converted_away,  ///< gives Python values or constants: it is run while the model is converted
  not_inference,   ///< training, other devices, sparse tensors, PyTorch's own machinery
};

struct Refusal {
  Fate fate;
  std::string_view why;    ///< "NNAPI has no ..."
  const char* way_out;     ///< of graph/ways_out.def; null where there is none of its own
  std::string_view names;  ///< without "aten::", between blanks; a * stands for any letters
};

/// The first row that has the operator, or null: it is of another library, or of a later PyTorch.
const Refusal* refusal_of(std::string_view op);

}  // namespace passerelle::trace
