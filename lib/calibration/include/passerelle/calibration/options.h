// How a float model is to be quantized.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::calibration {

/// How the range of a tensor's integers is found from what was seen of it.
enum class Method {
  min_max,        ///< all of it
  percentile,     ///< all but one number in 10 000
  least_squares,  ///< "mse": the mean of the squared differences is the least
  entropy,        ///< the information lost is the least
};

struct Options {
  Method method = Method::least_squares;
  bool signed_activations = false;      ///< TENSOR_QUANT8_ASYMM_SIGNED, from feature level 4 on
  bool weights_per_channel = true;      ///< where the level and the operation have it
  bool equalises = true;                ///< scales channels of neighbouring layers to one size first
  bool corrects_bias = true;            ///< takes off biases what integers shift a layer's results by
  std::vector<std::string> keep_float;  ///< module paths with all below them, or operations ("ADD", "aten::add")
  std::optional<double> min_snr;        ///< dB, of every output: the most harmful operations stay float until it is met
  std::optional<double> min_agreement;  ///< the same for the percentage of equal classes
  bool quantized_inputs = false;        ///< the caller hands over integers, of the scales that are found
  std::map<size_t, graph::Quantization> given_inputs;  ///< by number: integers, of this scale
  bool quantized_outputs = false;
  std::string nnapi_library;                         ///< the host NNAPI
  std::function<void(const std::string&)> progress;  ///< is told each stage before it begins; may be empty
};

}  // namespace passerelle::calibration
