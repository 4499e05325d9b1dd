#include "equalisation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "channel_webs.h"
#include "integer_forms.h"
#include "weights.h"

namespace passerelle::calibration {
namespace {

using graph::Constant;
using graph::Graph;
using graph::OperandId;
using graph::Operation;
using Op = graph::OperationType;
using Factors = std::vector<float>;

constexpr int steps = 255;

/// A layer's weights as [outputs, taps, inputs]: a depthwise filter has an input for each output.
struct Filter {
  std::vector<float> values;
  size_t outputs = 1, inputs = 1;
  bool is_depthwise = false;
  size_t input_of(size_t i) const { return i % inputs; }
  size_t output_of(size_t i) const { return is_depthwise ? i % inputs : i / (values.size() / outputs); }
};

class Equaliser {
 public:
  Equaliser(Graph& graph, const Observations& seen, const Options& options, nnapi::FeatureLevel level)
      : graph_(graph), options_(options), level_(level) {
    for (const auto& [id, statistics] : seen) channels_[id] = statistics.channels;
    for (const auto& [id, statistics] : seen) rows_[id] = static_cast<double>(std::max<uint64_t>(statistics.rows, 1));
  }

  size_t run(double most_noise) {
    size_t scaled = 0;
    for (const ChannelWeb& web : channel_webs(graph_)) {
      if (!is_known(web)) continue;
      const Factors none(channels_.at(web.operands.front()).size(), 1.0f);
      Factors best = none;
      double least = noise_of(web, none) * most_noise;
      for (double size_power : {0.25, 0.5, 0.75, 1.0})
        for (double weight_power : {0.0, 0.25, 0.5}) {
          const Factors factors = factors_of(web, size_power, weight_power);
          const double here = noise_of(web, factors);
          if (here >= least) continue;
          least = here;
          best = factors;
        }
      if (best == none) continue;
      apply(web, best);
      ++scaled;
    }
    return scaled;
  }

 private:
  bool is_known(const ChannelWeb& web) const {
    const auto first = channels_.find(web.operands.front());
    if (first == channels_.end() || first->second.size() < 2) return false;
    return std::all_of(web.operands.begin(), web.operands.end(), [&](OperandId id) {
      const auto found = channels_.find(id);
      return found != channels_.end() && found->second.size() == first->second.size();
    });
  }

  // --- What was seen, with the factors so far.

  static double size_of(const ChannelStatistics& channel) { return std::max<double>(channel.highest, -channel.lowest); }
  double power_of(OperandId id, size_t channel) const { return channels_.at(id)[channel].squares / rows_.at(id); }
  double power_of(OperandId id) const {
    double sum = 0;
    for (size_t i = 0; i < channels_.at(id).size(); ++i) sum += power_of(id, i);
    return sum;
  }

  /// Each channel so much larger that all are of one size, to the given power, and those that are read with large
  /// weights larger still. 1 or more, so that a RELU6 can bear it.
  Factors factors_of(const ChannelWeb& web, double size_power, double weight_power) const {
    const std::vector<double> sizes = sizes_of(web), weights = weights_read(web);
    std::vector<double> wanted(sizes.size());
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] > 0 && weights[i] > 0)
        wanted[i] = std::pow(weights[i], weight_power) / std::pow(sizes[i], size_power);
    double smallest = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] > 0 && weights[i] > 0) smallest = std::min(smallest, wanted[i]);
    constexpr double most = 64;
    Factors factors;
    for (size_t i = 0; i < sizes.size(); ++i)
      factors.push_back(
          static_cast<float>(std::min(std::clamp(wanted[i] / smallest, 1.0, most), room_below_six(web, i))));
    return factors;
  }

  std::vector<double> sizes_of(const ChannelWeb& web) const {
    std::vector<double> sizes(channels_.at(web.operands.front()).size());
    for (OperandId id : web.operands)
      for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = std::max(sizes[i], size_of(channels_.at(id)[i]));
    return sizes;
  }

  /// The largest weight with which each channel is read.
  std::vector<double> weights_read(const ChannelWeb& web) const {
    std::vector<double> largest(channels_.at(web.operands.front()).size());
    for (uint32_t reader : web.readers) {
      const Filter filter = filter_of(graph_.operations[reader]);
      for (size_t i = 0; i < filter.values.size(); ++i) {
        double& here = largest[filter.input_of(i)];
        here = std::max<double>(here, std::abs(filter.values[i]));
      }
    }
    return largest;
  }

  double room_below_six(const ChannelWeb& web, size_t channel) const {
    constexpr int32_t relu6 = 3;
    constexpr double reserve = 1.1;  // for what the samples did not show
    double room = std::numeric_limits<double>::infinity();
    for (uint32_t maker : web.makers) {
      const Operation& operation = graph_.operations[maker];
      if (operation.integer("activation") != relu6) continue;
      const double largest = channels_.at(operation.output())[channel].highest * reserve;
      room = std::min(room, largest > 0 ? std::max(1.0, 6 / largest) : 1.0);
    }
    return room;
  }

  // --- The noise that the web's tensors and weights have a part in, each relative to the signal where it arrives.

  double noise_of(const ChannelWeb& web, const Factors& factors) const {
    double noise = 0;
    for (OperandId id : web.operands) noise += rounding_noise(id, factors);
    for (uint32_t reader : web.readers) noise += reader_noise(graph_.operations[reader], factors);
    if (!is_per_channel(graph_.operations[web.makers.front()]))
      for (uint32_t maker : web.makers) noise += maker_noise(graph_.operations[maker], factors);
    return noise;
  }

  double step_of(OperandId id, const Factors& factors) const {
    double lowest = 0, highest = 0;
    for (size_t i = 0; i < factors.size(); ++i) {
      lowest = std::min(lowest, double{channels_.at(id)[i].lowest} * factors[i]);
      highest = std::max(highest, double{channels_.at(id)[i].highest} * factors[i]);
    }
    return (highest - lowest) / steps;
  }

  /// Of an operand itself, for readers that are no layers.
  double rounding_noise(OperandId id, const Factors& factors) const {
    const double step = step_of(id, factors), signal = power_of(id);
    if (signal == 0) return 0;
    double sum = 0;
    for (float factor : factors) sum += 1 / (double{factor} * factor);
    return step * step / 12 * sum / signal;
  }

  double reader_noise(const Operation& layer, const Factors& factors) const {
    const OperandId input = layer.operand("input");
    const double signal = power_of(layer.output()), step = step_of(input, factors);
    if (signal == 0) return 0;
    Filter filter = filter_of(layer);
    for (size_t i = 0; i < filter.values.size(); ++i) filter.values[i] /= factors[filter.input_of(i)];
    double noise = 0;
    for (float weight : filter.values) noise += double{weight} * weight * step * step / 12;
    const std::vector<float> rounded = rounded_weights(layer, filter.values);
    for (size_t i = 0; i < rounded.size(); ++i) {
      const size_t channel = filter.input_of(i);
      const double error = (double{rounded[i]} - filter.values[i]) * factors[channel];
      noise += error * error * power_of(input, channel);
    }
    return noise / signal;
  }

  double maker_noise(const Operation& layer, const Factors& factors) const {
    const OperandId input = layer.operand("input");
    const auto known = channels_.find(input);
    Filter filter = filter_of(layer);
    const double signal = power_of(layer.output());
    if (signal == 0 || known == channels_.end() || known->second.size() != filter.inputs) return 0;
    for (size_t i = 0; i < filter.values.size(); ++i) filter.values[i] *= factors[filter.output_of(i)];
    const std::vector<float> rounded = rounded_weights(layer, filter.values);
    double noise = 0;
    for (size_t i = 0; i < rounded.size(); ++i) {
      const double error = (double{rounded[i]} - filter.values[i]) / factors[filter.output_of(i)];
      noise += error * error * power_of(input, filter.input_of(i));
    }
    return noise / signal;
  }

  bool is_per_channel(const Operation& layer) const {
    return options_.weights_per_channel && weights_of(layer).takes_channel_scales &&
           level_ >= nnapi::introduced(graph::OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL);
  }

  std::vector<float> rounded_weights(const Operation& layer, std::vector<float> values) const {
    const Weights argument = weights_of(layer);
    const graph::Shape& shape = graph_.shape(layer.operand(argument.name));
    const std::vector<float> no_least(shape[argument.channel_dimension]);
    return integer_weights(Constant::from(std::move(values), shape), argument.channel_dimension, is_per_channel(layer),
                           options_.signed_activations, no_least)
        .rounded;
  }

  Filter filter_of(const Operation& layer) const {
    const Weights argument = weights_of(layer);
    const OperandId weights = layer.operand(argument.name);
    Filter filter;
    filter.values = graph_[weights].constant->floats();
    filter.inputs = graph_.shape(weights).back();
    filter.outputs = graph_.shape(weights)[argument.channel_dimension];
    filter.is_depthwise = layer.is(Op::DEPTHWISE_CONV_2D);
    return filter;
  }

  // --- Doing it.

  void apply(const ChannelWeb& web, const Factors& factors) {
    Factors inverse;
    for (float factor : factors) inverse.push_back(1 / factor);
    for (uint32_t maker : web.makers) {
      Operation& operation = graph_.operations[maker];
      scale(operation, weights_of(operation).name, weights_of(operation).channel_dimension, factors);
      scale(operation, "bias", 0, factors);
    }
    for (uint32_t reader : web.readers) {
      Operation& operation = graph_.operations[reader];
      const std::string_view weights = weights_of(operation).name;
      scale(operation, weights, graph_.shape(operation.operand(weights)).size() - 1, inverse);
    }
    for (OperandId id : web.operands) {
      graph_[id].source.reset();  // it no longer holds the model's own numbers
      for (size_t i = 0; i < factors.size(); ++i) {
        ChannelStatistics& channel = channels_.at(id)[i];
        channel.lowest *= factors[i];
        channel.highest *= factors[i];
        channel.squares *= double{factors[i]} * factors[i];
      }
    }
  }

  void scale(Operation& operation, std::string_view argument, size_t dimension, const Factors& factors) {
    const Constant& constant = *graph_[operation.operand(argument)].constant;
    // Made real at once: webs follow one another, and each looks at the weights several times.
    const Constant scaled = Constant::from(constant.scaled(dimension, factors).floats(), constant.shape());
    operation.argument(argument) = graph_.add_constant(scaled);
  }

  Graph& graph_;
  const Options& options_;
  nnapi::FeatureLevel level_;
  std::map<OperandId, std::vector<ChannelStatistics>> channels_;
  std::map<OperandId, double> rows_;
};

}  // namespace

size_t equalise(Graph& graph, const Observations& seen, const Options& options, nnapi::FeatureLevel level,
                double most_noise) {
  return Equaliser(graph, seen, options, level).run(most_noise);
}

}  // namespace passerelle::calibration
