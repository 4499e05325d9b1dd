// From which feature level a model converts, and each of its operators: found by converting it.
//
// That an operation needs a level does not make the model need it, for what a level lacks may be written in another way
// there. Whatever is said of levels is read off these conversions, so that all of it agrees.
#pragma once

#include <map>
#include <vector>

#include "passerelle/converter/convert.h"

namespace passerelle::converter {

class Trials {
 public:
  /// `lowered`: before the passes.
  Trials(Converted lowered, passes::Target target);

  /// At the target level. What is refused there says from which level it works.
  Converted converted();
  /// The lowest at which the model converts; 0 for none.
  nnapi::FeatureLevel smallest_level();
  /// What keeps it from the next lower one: see Survey.
  std::vector<graph::Diagnostic> obstacles_below();

 private:
  using Refusals = std::vector<graph::Diagnostic>;

  graph::Module finish(nnapi::FeatureLevel level);
  const Refusals& refused_at(nnapi::FeatureLevel level);
  Refusals told(nnapi::FeatureLevel level);
  Refusals with_levels(nnapi::FeatureLevel level);

  Converted lowered_;
  passes::Target target_;
  std::map<nnapi::FeatureLevel, Refusals> refused_;  ///< of the passes, one an operator
};

}  // namespace passerelle::converter
