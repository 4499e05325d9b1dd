#include "bias_correction.h"

#include "ranges.h"

namespace passerelle::calibration {
namespace {

using graph::Operation;

/// What neither a fused activation nor the range of the integers has cut, some steps' noise taken off.
struct Ends {
  double lowest, highest;
  bool hold(float value) const { return value > lowest && value < highest; }
};

Ends ends_of(const graph::Quantization& quantization, bool is_signed) {
  const Range range = range_of(quantization, is_signed);
  const double noise = 2 * double{quantization.scale};
  return {range.lowest + noise, range.highest - noise};
}

/// Of one channel.
struct Shift {
  double sum = 0;
  uint64_t count = 0;
};

void add(const Ends& ends, const std::vector<float>& wanted, const std::vector<float>& given,
         std::vector<Shift>& channels) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    // Asked of what is wanted alone: to look at what is given would be to choose by its noise.
    if (!ends.hold(wanted[i])) continue;
    Shift& channel = channels[i % channels.size()];
    channel.sum += double{given[i]} - double{wanted[i]};
    ++channel.count;
  }
}

}  // namespace

Expected<BiasShifts> bias_shifts(const Choice& choice, const Samples& samples, const Options& options,
                                 const passes::Target& target) {
  const graph::Graph& floats = choice.floats.main();
  std::map<graph::OperandId, std::vector<Shift>> seen;
  const auto look = [&](size_t operation, const std::vector<float>& wanted, const std::vector<float>& given) {
    const Operation& layer = floats.operations[operation];
    if (choice.roles[operation] != Role::layer) return;
    std::vector<Shift>& channels = seen[layer.output()];
    channels.resize(floats.shape(layer.output()).back());
    add(ends_of(choice.scales.at(layer.output()).quantization, options.signed_activations), wanted, given, channels);
  };
  if (Expected<void> ran = visit_alone(choice, samples, options, target, look); !ran) return ran.error();
  constexpr uint64_t enough = 32;  // for a mean that is no accident
  BiasShifts result;
  for (const auto& [layer, channels] : seen)
    for (const Shift& channel : channels)
      result[layer].push_back(channel.count < enough ? 0 : channel.sum / static_cast<double>(channel.count));
  return result;
}

}  // namespace passerelle::calibration
