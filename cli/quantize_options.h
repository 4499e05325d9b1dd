// The options of convert that make a float model a quantized one.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/support/expected.h"
#include "quantization.h"

namespace passerelle::cli {

struct QuantizeOptions {
  std::string type;  ///< "int8"; empty: no quantization
  std::string samples, evaluation, method, activations, weights, library;
  std::string mean, deviation, size, order, fit;
  std::optional<size_t> most_samples;
  std::optional<double> min_snr, min_agreement;
  bool no_equalisation = false, no_bias_correction = false, quantized_inputs = false;
  std::vector<std::string> keep_float;
};

void add_quantize_options(CLI::App& app, QuantizeOptions& options);

/// Nothing without --quantize. Errors: `usage`, also where another of these options stands without it; `nnapi` where
/// the host NNAPI is not found.
Expected<std::optional<Quantization>> quantization(const QuantizeOptions& options);

}  // namespace passerelle::cli
