#include "passerelle/converter/convert.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

#include "passerelle/lowering/lower.h"
#include "passerelle/passes/border.h"
#include "trials.h"

namespace passerelle::converter {
namespace {

using graph::Layout;

std::optional<Layout> requested_layout(const Options& options, size_t output) {
  auto single = options.output_layouts.find(output);
  if (single != options.output_layouts.end()) return single->second;
  return options.output_layout;
}

Expected<void> apply_output_layouts(graph::Module& module, const Options& options) {
  for (const auto& [number, layout] : options.output_layouts) {
    if (number >= module.ports.outputs.size())
      return Error{ErrorKind::usage, "there is no output " + std::to_string(number) + ": the model has " +
                                         std::to_string(module.ports.outputs.size()) + ", counted from 0"};
    if (layout == Layout::channels_last && module.ports.outputs[number].shape.size() != 4)
      return Error{ErrorKind::usage, "output " + std::to_string(number) + " has shape " +
                                         graph::to_string(module.ports.outputs[number].shape) +
                                         "; only outputs of rank 4 can be nhwc"};
  }
  for (size_t i = 0; i < module.ports.outputs.size(); ++i)
    if (requested_layout(options, i) == Layout::channels_last && module.ports.outputs[i].shape.size() == 4)
      passes::return_channels_last(module, i);
  return {};
}

bool is_quantized(const torchscript::InputSpec& spec) { return spec.type && graph::is_quantized(*spec.type); }

/// As a SPEC says it, with as many digits as tell one float from all others.
std::string text_of(graph::ElementType type, const graph::Quantization& quantization) {
  char scale[32];
  for (int digits = 1; digits <= 9; ++digits) {
    std::snprintf(scale, sizeof scale, "%.*g", digits, static_cast<double>(quantization.scale));
    if (std::strtof(scale, nullptr) == quantization.scale) break;
  }
  return std::string(graph::name(type)) + "," + scale + "," + std::to_string(quantization.zero_point);
}

/// A scale as a person writes it has fewer digits than the model's.
bool is_same_scale(const graph::Quantization& given, const graph::Quantization& wanted) {
  constexpr float written_digits = 1e-5f;
  return given.zero_point == wanted.zero_point && std::abs(given.scale - wanted.scale) <= written_digits * wanted.scale;
}

/// Takes the model's own first step from an input that is to be quantized already.
Expected<void> peel_input(graph::Module& module, const torchscript::InputSpec& spec, size_t input) {
  const graph::Port& port = module.ports.inputs[input];
  if (graph::is_quantized(port.element_type)) return {};
  const auto usage = [&](const std::string& why) {
    return Error{ErrorKind::usage,
                 "the input '" + port.name + "' can't be " + text_of(*spec.type, spec.quantization) + ": " + why};
  };
  const std::optional<graph::TensorType> type = passes::quantized_first(module)[input];
  if (!type) return usage("the model takes floats there, and does not begin by quantizing them");
  const bool is_unsigned = type->type == graph::OperandType::TENSOR_QUANT8_ASYMM;
  const graph::ElementType element = is_unsigned ? graph::ElementType::quint8 : graph::ElementType::qint8;
  if (element != *spec.type || !is_same_scale(spec.quantization, type->quantization))
    return usage("the model quantizes it to " + text_of(element, type->quantization));
  passes::peel_quantize(module, input);
  return {};
}

Expected<void> peel_inputs(graph::Module& module, const std::vector<torchscript::InputSpec>& specs) {
  size_t input = 0;  // numbers are given in the specifications, and are no inputs of the file
  for (const torchscript::InputSpec& spec : specs) {
    if (!std::holds_alternative<std::monostate>(spec.number)) continue;
    size_t place = input++;
    if (!spec.name.empty())
      for (place = 0; place < module.ports.inputs.size() && module.ports.inputs[place].name != spec.name;) ++place;
    if (!is_quantized(spec) || place >= module.ports.inputs.size()) continue;
    if (Expected<void> peeled = peel_input(module, spec, place); !peeled) return peeled;
  }
  return {};
}

Expected<void> peel_outputs(graph::Module& module) {
  if (passes::peel_dequantizes(module)) return {};
  return Error{ErrorKind::usage, "no output can be returned quantized: the model ends none of them with dequantize"};
}

graph::Diagnostic nothing_to_compute_from() {
  graph::Diagnostic diagnostic;
  diagnostic.op = "forward";
  diagnostic.message = "it takes no tensor, and NNAPI's models take one at least";
  diagnostic.suggestion = "keep what it computes in the app, or give it the tensor that its result depends on";
  return diagnostic;
}

/// Before the passes: the same for every target.
Expected<Converted> lowered_for(const trace::Trace& trace, const Options& options) {
  lowering::Lowered lowered = lowering::lower(trace);
  Converted converted;
  converted.module = std::move(lowered.module);
  converted.module.relax_fp16 = options.relax_fp16;
  converted.diagnostics = std::move(lowered.diagnostics);
  if (trace.inputs.empty()) converted.diagnostics.push_back(nothing_to_compute_from());
  // A float model's integers are still to be found.
  if (!options.quantize)
    if (Expected<void> peeled = peel_inputs(converted.module, options.inputs); !peeled) return peeled.error();
  if (options.quantized_outputs && !options.quantize)
    if (Expected<void> peeled = peel_outputs(converted.module); !peeled) return peeled.error();
  if (Expected<void> applied = apply_output_layouts(converted.module, options); !applied) return applied.error();
  return Expected<Converted>(std::move(converted));
}

}  // namespace

Expected<trace::Trace> trace(const torchscript::Model& model, const Options& options) {
  const std::vector<torchscript::InputSpec>& specs = options.inputs;
  torchscript::Budget budget;
  if (options.target.feature_level < nnapi::introduced(nnapi::OperationType::WHILE))
    budget.unrolled = std::numeric_limits<int64_t>::max();
  Expected<trace::Trace> trace = model.trace(specs, budget);
  if (trace || std::none_of(specs.begin(), specs.end(), is_quantized)) return trace;
  // It may be a model that quantizes its input itself.
  return model.trace(with_floats(specs), budget);
}

Expected<Converted> convert(const trace::Trace& trace, const Options& options) {
  Expected<Converted> lowered = lowered_for(trace, options);
  if (!lowered) return lowered.error();
  passes::Target target = options.target;
  if (options.quantize && lowered->diagnostics.empty()) {
    Expected<std::vector<graph::Diagnostic>> refused = options.quantize(lowered->module, target);
    if (!refused) return refused.error();
    lowered->diagnostics = *std::move(refused);
    target.removes_float_islands = false;
  }
  return Trials(*std::move(lowered), target).converted();
}

Expected<Converted> convert(const torchscript::Model& model, const Options& options) {
  Expected<trace::Trace> trace = converter::trace(model, options);
  if (!trace) return trace.error();
  return convert(*trace, options);
}

Expected<Survey> survey(const torchscript::Model& model, const Options& options) {
  Expected<trace::Trace> trace = converter::trace(model, options);
  if (!trace) return trace.error();
  Survey survey;
  survey.trace = *std::move(trace);
  Expected<Converted> lowered = lowered_for(survey.trace, options);
  if (!lowered) return lowered.error();
  Trials trials(*std::move(lowered), options.target);
  survey.converted = trials.converted();
  survey.smallest_level = trials.smallest_level();
  survey.obstacles_below = trials.obstacles_below();
  return Expected<Survey>(std::move(survey));
}

}  // namespace passerelle::converter
