// Float module → quantized module: ranges observed on samples, integers chosen, and the loss measured.
//
// The module is one that lowering made. What comes out is to be run through all passes for the target level, as any
// other graph, but for the removal of float islands: what is float in it is meant to be.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "passerelle/calibration/options.h"
#include "passerelle/calibration/samples.h"
#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/graph.h"
#include "passerelle/passes/pipeline.h"
#include "passerelle/support/expected.h"

namespace passerelle::calibration {

/// An output of the integers against that of the floats, over all samples.
struct OutputLoss {
  std::string name;
  double signal_to_noise = 0;  ///< dB; infinite where all are equal
  /// Where the output is a row of scores: one a sample, and how often the greatest is the same one. Of an image
  /// (1 x C x H x W) one a pixel, and how often it has the same class: the greatest of its channels, or, of one channel
  /// alone, whether it is over 0.5.
  size_t positions = 0, agreeing = 0;
  bool is_mask = false;
};

/// An operation of the float graph.
struct OperationLoss {
  std::string name;  ///< NNAPI's, without the prefix
  graph::Origin origin;
  bool in_integers = false;
  double scale = 0;                ///< of its result, where it has integers
  int32_t zero_point = 0;          ///< of its result, where it has integers
  double lowest = 0, highest = 0;  ///< of its result, as seen
  /// Signal-to-noise ratios in dB, on a few of the samples, where it has integers: of its result where it is fed with
  /// floats' own numbers, and where all before it is integers.
  std::optional<double> alone, accumulated;
  /// Of the worst output where this operation alone is in integers: where a loss is to be made good.
  std::optional<double> in_the_end;
  bool kept_for_ratio = false;  ///< in floats, to meet what was asked for
};

/// What one more step of the method brings, on a few of the samples that ranges were learnt from.
struct Gain {
  std::string step;            ///< "ranges", "equalisation", "bias correction"
  double signal_to_noise = 0;  ///< dB, in the mean over the outputs; of the steps kept before it and this one
  bool is_kept = true;         ///< where it gains nothing it is not
};

struct Report {
  size_t samples = 0;   ///< that ranges were learnt from
  size_t measured = 0;  ///< that the outputs were compared on
  std::vector<OutputLoss> outputs;
  std::vector<OperationLoss> operations;
  std::vector<Gain> gains;
};

struct Quantized {
  graph::Module module;  ///< not yet finished
  Report report;
  std::vector<graph::Diagnostic> diagnostics;  ///< what no level can run; then there is no report
};

/// The loss is measured on `evaluation`, which may be `samples`. Errors: `usage` where samples don't fit or show
/// nothing; `nnapi`.
Expected<Quantized> quantize(graph::Module floats, const Samples& samples, const Samples& evaluation,
                             const Options& options, const passes::Target& target);

}  // namespace passerelle::calibration
