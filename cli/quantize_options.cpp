#include "quantize_options.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "nnapi_library.h"

namespace passerelle::cli {
namespace {

using calibration::ImageOptions;
using calibration::Method;

Error usage(const std::string& what) { return {ErrorKind::usage, what}; }

/// One number for all channels, or three with commas between.
Expected<std::array<double, 3>> three_numbers(const std::string& option, const std::string& text) {
  std::array<double, 3> result{};
  std::istringstream in(text);
  size_t count = 0;
  for (std::string part; std::getline(in, part, ',');) {
    char* end = nullptr;
    const double number = std::strtod(part.c_str(), &end);
    if (part.empty() || *end != '\0' || !std::isfinite(number) || count == result.size())
      return usage(option + " " + text + ": give one number, or three with commas between: 0.485,0.456,0.406");
    result[count++] = number;
  }
  if (count == 1) result.fill(result[0]);
  if (count != 1 && count != result.size()) return usage(option + " " + text + ": give one number, or three");
  return result;
}

Expected<ImageOptions> image_options(const QuantizeOptions& options) {
  ImageOptions result;
  if (!options.mean.empty()) {
    Expected<std::array<double, 3>> mean = three_numbers("--image-mean", options.mean);
    if (!mean) return mean.error();
    result.mean = *mean;
  }
  if (!options.deviation.empty()) {
    Expected<std::array<double, 3>> deviation = three_numbers("--image-std", options.deviation);
    if (!deviation) return deviation.error();
    for (double each : *deviation)
      if (!(each > 0)) return usage("--image-std " + options.deviation + ": each is above 0");
    result.deviation = *deviation;
  }
  if (!options.size.empty()) {
    char* end = nullptr;
    const unsigned long size = std::strtoul(options.size.c_str(), &end, 10);
    constexpr unsigned long largest = 1 << 15;
    if (*end != '\0' || size == 0 || size > largest)
      return usage("--image-size " + options.size + ": give the pixels of the shorter side, 1 to 32768");
    result.shorter_side = static_cast<unsigned>(size);
  }
  result.is_bgr = options.order == "bgr";
  result.stretches = options.fit == "stretch";
  if (result.stretches && result.shorter_side)
    return usage("--image-size is of pictures whose centre is cut out: it has no meaning with --image-fit stretch");
  return result;
}

Method method_of(const std::string& name) {
  if (name == "minmax") return Method::min_max;
  if (name == "percentile") return Method::percentile;
  return name == "entropy" ? Method::entropy : Method::least_squares;
}

/// One of these words.
CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& given) {
    if (std::find(words.begin(), words.end(), given) != words.end()) return std::string();
    std::string known;
    for (const std::string& word : words) known += (known.empty() ? "" : &word == &words.back() ? " or " : ", ") + word;
    return "'" + given + "' is not " + known;
  };
  return CLI::Validator(check, "");
}

CLI::Validator number_between(double lowest, double highest) {
  const auto check = [lowest, highest](const std::string& given) {
    char* end = nullptr;
    const double number = std::strtod(given.c_str(), &end);
    const bool fits = !given.empty() && *end == '\0' && number >= lowest && number <= highest;
    return fits ? std::string() : fmt::format("{:.0f} to {:.0f}, not '{}'", lowest, highest, given);
  };
  return CLI::Validator(check, "");
}

/// An option that does nothing alone, where it was given.
std::string stray(const QuantizeOptions& options) {
  const std::pair<bool, const char*> given[] = {{!options.samples.empty(), "--calibrate"},
                                                {!options.evaluation.empty(), "--evaluate"},
                                                {!options.method.empty(), "--calibration-method"},
                                                {!options.activations.empty(), "--activations"},
                                                {!options.weights.empty(), "--weights"},
                                                {options.most_samples.has_value(), "--samples"},
                                                {options.min_snr.has_value(), "--min-snr"},
                                                {options.min_agreement.has_value(), "--min-agreement"},
                                                {options.no_bias_correction, "--no-bias-correction"},
                                                {options.no_equalisation, "--no-equalisation"},
                                                {options.quantized_inputs, "--input-quantized"},
                                                {!options.keep_float.empty(), "--keep-float"},
                                                {!options.mean.empty(), "--image-mean"},
                                                {!options.deviation.empty(), "--image-std"},
                                                {!options.size.empty(), "--image-size"},
                                                {!options.order.empty(), "--image-order"},
                                                {!options.fit.empty(), "--image-fit"}};
  for (const auto& [is_given, name] : given)
    if (is_given) return name;
  return {};
}

}  // namespace

void add_quantize_options(CLI::App& app, QuantizeOptions& options) {
  const auto group = "Quantization";
  const auto text = [&](const char* name, std::string& value, const char* type, const std::string& help) {
    return app.add_option(name, value, help)->type_name(type)->group(group);
  };
  text("--quantize", options.type, "int8",
       "Make a float model a quantized one: 8-bit integers, with ranges learnt from --calibrate")
      ->check(one_of({"int8"}));
  text("--calibrate", options.samples, "PATH",
       "Samples of what the app will hand over: a folder of .npy files or pictures (.png, .jpg), one a sample; or of "
       "folders, one a sample, with INPUT_NAME.npy in it for each input; or a .npy file with a dimension of samples in "
       "front");
  text("--evaluate", options.evaluation, "PATH",
       "Samples to measure the loss on, as for --calibrate; better others than those. Default: those");
  app.add_option("--samples", options.most_samples, "So many of them, evenly spread. Default: all")
      ->type_name("N")
      ->check(number_between(1, 1e6))
      ->group(group);
  text("--calibration-method", options.method, "METHOD",
       "How a tensor's range is chosen: mse (the least squared difference), minmax, percentile, entropy. Default: mse")
      ->check(one_of({"mse", "minmax", "percentile", "entropy"}));
  text("--activations", options.activations, "unsigned|signed",
       "The sign of activations; signed from API 30. Default: unsigned")
      ->check(one_of({"unsigned", "signed"}));
  text("--weights", options.weights, "per-channel|per-tensor",
       "Whether each output channel of a convolution has a scale of its own, from API 29. Default: per-channel")
      ->check(one_of({"per-channel", "per-tensor"}));
  app.add_flag("--input-quantized", options.quantized_inputs,
               "The app hands over integers, of the scales that calibration finds (inspect shows them). Below API 29 "
               "there is no other way")
      ->group(group);
  app.add_option("--keep-float", options.keep_float,
                 "Leave a module (features.3, with all below it) or an operator (ADD, aten::add) in floats")
      ->type_name("MODULE|OP")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option(
         "--min-snr", options.min_snr,
         "Leave the most harmful operations in floats until every output has this signal-to-noise ratio, in dB, "
         "on the samples of --calibrate")
      ->type_name("DB")
      ->group(group);
  app.add_option("--min-agreement", options.min_agreement,
                 "The same for the percentage of equal classes: one a sample, or one a pixel of a mask")
      ->type_name("PERCENT")
      ->check(number_between(0, 100))
      ->group(group);
  app.add_flag("--no-equalisation", options.no_equalisation,
               "Leave the channels of tensors between layers as they are, instead of scaling them to one size")
      ->group(group);
  app.add_flag("--no-bias-correction", options.no_bias_correction,
               "Leave biases as they are, instead of taking off what integers shift results by")
      ->group(group);
  text("--image-mean", options.mean, "M[,M,M]", "Pictures: subtracted from values of 0 to 1. Default: 0");
  text("--image-std", options.deviation, "S[,S,S]", "Pictures: divided by after that. Default: 1");
  text("--image-size", options.size, "N",
       "Pictures: their shorter side, before the centre is cut out. Default: as small as it can be");
  text("--image-order", options.order, "rgb|bgr", "Pictures: the order of the input's channels. Default: rgb")
      ->check(one_of({"rgb", "bgr"}));
  text("--image-fit", options.fit, "crop|stretch",
       "Pictures: cut the centre out, or stretch all of it to the input's size. Default: crop")
      ->check(one_of({"crop", "stretch"}));
}

Expected<std::optional<Quantization>> quantization(const QuantizeOptions& options) {
  using Result = std::optional<Quantization>;
  if (options.type.empty()) {
    if (const std::string name = stray(options); !name.empty())
      return usage(name + " has no meaning without --quantize int8");
    return Result();
  }
  if (options.samples.empty())
    return usage(
        "--quantize int8 needs --calibrate: the ranges of the integers are learnt from samples of what the "
        "app will hand over");
  Expected<ImageOptions> images = image_options(options);
  if (!images) return images.error();
  Expected<std::string> library = nnapi_library(options.library);
  if (!library) return library.error();
  Quantization result;
  result.samples = options.samples;
  result.evaluation = options.evaluation;
  result.images = *images;
  result.most_samples = options.most_samples;
  result.options.method = method_of(options.method);
  result.options.signed_activations = options.activations == "signed";
  result.options.weights_per_channel = options.weights != "per-tensor";
  result.options.min_snr = options.min_snr;
  result.options.min_agreement = options.min_agreement;
  result.options.equalises = !options.no_equalisation;
  result.options.corrects_bias = !options.no_bias_correction;
  result.options.keep_float = options.keep_float;
  result.options.quantized_inputs = options.quantized_inputs;
  result.options.nnapi_library = *library;
  result.options.progress = [](const std::string& stage) { spdlog::debug("{}", stage); };
  return Result(std::move(result));
}

}  // namespace passerelle::cli
