#include "quantization.h"

#include <algorithm>

namespace passerelle::cli {
namespace {

using calibration::Samples;
using graph::Module;

bool has_integers(const Module& module) {
  return std::any_of(module.main().operands.begin(), module.main().operands.end(),
                     [](const graph::Operand& operand) { return nnapi::is_quantized(operand.type.type); });
}

/// Inputs that the app hands over as integers of a scale that the user names.
Expected<void> take_given_inputs(const std::vector<graph::Port>& inputs,
                                 const std::vector<torchscript::InputSpec>& specs, calibration::Options& result) {
  const auto wanted = result.signed_activations ? graph::ElementType::qint8 : graph::ElementType::quint8;
  size_t input = 0;
  for (const torchscript::InputSpec& spec : specs) {
    if (!std::holds_alternative<std::monostate>(spec.number)) continue;
    size_t place = input++;
    if (!spec.name.empty())
      for (place = 0; place < inputs.size() && inputs[place].name != spec.name;) ++place;
    if (!spec.type || !graph::is_quantized(*spec.type) || place >= inputs.size()) continue;
    if (*spec.type != wanted)
      return Error{ErrorKind::usage, "the input '" + inputs[place].name + "' is to be " +
                                         std::string(graph::name(*spec.type)) + ", and activations are " +
                                         std::string(graph::name(wanted)) + ": see --activations"};
    result.given_inputs[place] = spec.quantization;
  }
  return {};
}

Expected<void> refuse_noise(const Samples& samples, const calibration::Sample& noise) {
  for (size_t i = 0; i < samples.count() && !noise.empty(); ++i) {
    Expected<calibration::Sample> sample = samples.read(i);
    if (!sample) return sample.error();
    for (size_t input = 0; input < sample->size() && input < noise.size(); ++input)
      if ((*sample)[input].bytes == noise[input].bytes)
        return Error{ErrorKind::usage, samples.name(i) +
                                           " is what passerelle draws from its fixed seed: noise has no ranges to "
                                           "learn from; give samples of what the app will hand over"};
  }
  return {};
}

using Refused = std::vector<graph::Diagnostic>;

Expected<Refused> quantize(Module& module, const passes::Target& target, const Quantization& how,
                           const calibration::Sample& noise, const std::vector<torchscript::InputSpec>& specs,
                           std::optional<calibration::Report>& loss) {
  if (has_integers(module))
    return Error{ErrorKind::usage, "the model is quantized already: convert it without --quantize"};
  calibration::Options options = how.options;
  if (Expected<void> given = take_given_inputs(module.ports.inputs, specs, options); !given) return given.error();
  Expected<Samples> samples = Samples::open(how.samples, module.ports.inputs, how.images, how.most_samples);
  if (!samples) return samples.error();
  if (Expected<void> real = refuse_noise(*samples, noise); !real) return real.error();
  Expected<Samples> evaluation =
      how.evaluation.empty() ? samples : Samples::open(how.evaluation, module.ports.inputs, how.images, std::nullopt);
  if (!evaluation) return evaluation.error();
  Expected<calibration::Quantized> made =
      calibration::quantize(std::move(module), *samples, *evaluation, options, target);
  if (!made) return made.error();
  module = std::move(made->module);
  if (made->diagnostics.empty()) loss = std::move(made->report);
  return std::move(made->diagnostics);
}

}  // namespace

std::shared_ptr<const std::optional<calibration::Report>> quantize_with(const Quantization& how,
                                                                        calibration::Sample noise,
                                                                        converter::Options& conversion) {
  auto loss = std::make_shared<std::optional<calibration::Report>>();
  conversion.quantize = [how, noise = std::move(noise), specs = conversion.inputs, loss](Module& module,
                                                                                         const passes::Target& target) {
    return quantize(module, target, how, noise, specs, *loss);
  };
  return loss;
}

}  // namespace passerelle::cli
