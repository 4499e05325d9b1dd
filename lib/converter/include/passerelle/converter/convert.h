// The whole way from a loaded model to a module that can be written: trace, lower, run the passes.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/graph.h"
#include "passerelle/passes/pipeline.h"
#include "passerelle/support/expected.h"
#include "passerelle/torchscript/model.h"

namespace passerelle::converter {

struct Options {
  std::vector<torchscript::InputSpec> inputs;  ///< none: the bundled inputs
  passes::Target target;
  bool relax_fp16 = false;                     ///< NNAPI may compute float32 with the range and precision of float16
  std::optional<graph::Layout> output_layout;  ///< of all outputs of rank 4
  std::map<size_t, graph::Layout> output_layouts;  ///< of single outputs, by number; these have rank 4
  /// Outputs that the model dequantizes at its end are returned as they were before.
  bool quantized_outputs = false;
  /// Makes a float module, as lowering leaves it, a quantized one. What of it can't be converted is returned. With it,
  /// quantized inputs and outputs are its own matter, and what it leaves in floats stays so.
  std::function<Expected<std::vector<graph::Diagnostic>>(graph::Module&, const passes::Target&)> quantize;
};

struct Converted {
  graph::Module module;  ///< finished where `diagnostics` is empty: see passes/pipeline.h
  std::vector<graph::Diagnostic> diagnostics;
  nnapi::FeatureLevel target = 0;
};

/// A quantized specification of an input that the model takes as floats and quantizes makes the input quantized.
///
/// What cannot be converted is in Converted::diagnostics, all of it. Errors: `usage` where inputs or layouts do not fit
/// the model.
Expected<Converted> convert(const torchscript::Model& model, const Options& options);

/// The model's operators for the options' inputs; on floats where it takes floats that are specified as quantized. Long
/// loops of known length are unrolled where the target has no other way.
Expected<trace::Trace> trace(const torchscript::Model& model, const Options& options);

/// What convert() does with a trace. `options.inputs` are the trace's own.
Expected<Converted> convert(const trace::Trace& trace, const Options& options);

/// A conversion, and all that a person may want to know about it.
struct Survey {
  trace::Trace trace;
  Converted converted;                     ///< what convert() gives: both take the same way
  nnapi::FeatureLevel smallest_level = 0;  ///< the lowest at which the model converts; 0 for none
  /// What keeps it from converting one level lower (from every level, where smallest_level is 0: then these are the
  /// obstacles at the highest level).
  std::vector<graph::Diagnostic> obstacles_below;
};
Expected<Survey> survey(const torchscript::Model& model, const Options& options);

}  // namespace passerelle::converter
