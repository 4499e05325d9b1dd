#include "convert_options.h"

#include <spdlog/spdlog.h>

#include <charconv>

#include "input_spec.h"

namespace passerelle::cli {
namespace {

/// "nhwc" for all outputs of rank 4, "0=nhwc" for one.
Expected<void> parse_output_layout(const std::string& text, converter::Options& options) {
  auto usage = [&](const std::string& why) { return Error{ErrorKind::usage, "--output-layout " + text + ": " + why}; };
  size_t equals = text.find('=');
  std::string word = equals == std::string::npos ? text : text.substr(equals + 1);
  if (word != "nhwc" && word != "nchw") return usage("give nhwc or nchw, or N=nhwc for output N, counted from 0");
  graph::Layout layout = word == "nhwc" ? graph::Layout::channels_last : graph::Layout::as_pytorch;
  if (equals == std::string::npos) {
    if (options.output_layout) return usage("all outputs have a layout already; name one as N=" + word);
    options.output_layout = layout;
    return {};
  }
  uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + equals, number);
  if (equals == 0 || error != std::errc() || end != text.data() + equals)
    return usage("'" + text.substr(0, equals) + "' is not the number of an output, counted from 0");
  if (!options.output_layouts.emplace(number, layout).second)
    return usage("output " + std::to_string(number) + " has a layout already");
  return {};
}

}  // namespace

void add_convert_options(CLI::App& app, ConvertOptions& options) {
  app.add_option(
         "--input", options.inputs,
         "An input of the model's forward, in its order, or as NAME=SPEC. A shape (1x3x224x224, scalar) or a "
         ".npy file, then optional: a dtype (:f32 :f16 :bf16 :f64 :i8 :u8 :i16 :i32 :i64 :bool, or "
         ":quint8,SCALE,ZERO_POINT), and :nhwc where the app will hand over NHWC; or a number: int=3, float=0.5, "
         "bool=true. A model with bundled inputs needs none")
      ->type_name("SPEC")
      ->allow_extra_args(false);
  add_target_options(app, options.target);
  app.add_flag("--relax-fp16", options.relax_fp16, "Let devices compute float32 with the precision of float16");
  app.add_flag("--output-quantized", options.output_quantized,
               "Return outputs that the model dequantizes at its end as the integers before that");
  app.add_flag("--keep-float-islands", options.keep_float_islands,
               "Leave dequantize, operation, quantize as they are where NNAPI could compute in integers");
  app.add_option(
         "--output-layout", options.output_layouts,
         "nhwc: the app gets all outputs of 4 dimensions as NHWC; N=nhwc: output N, counted from 0. nchw, the default, "
         "takes one out: nhwc and 1=nchw")
      ->type_name("LAYOUT")
      ->allow_extra_args(false);
}

Expected<Prepared> prepare(const ConvertOptions& options) {
  converter::Options conversion;
  Expected<std::optional<nnapi::FeatureLevel>> level = feature_level(options.target);
  if (!level) return level.error();
  conversion.target.feature_level = level->value_or(default_feature_level);
  conversion.relax_fp16 = options.relax_fp16;
  conversion.quantized_outputs = options.output_quantized;
  conversion.target.removes_float_islands = !options.keep_float_islands;
  for (const std::string& layout : options.output_layouts)
    if (Expected<void> parsed = parse_output_layout(layout, conversion); !parsed) return parsed.error();
  Expected<std::vector<torchscript::InputSpec>> inputs = parse_input_specs(options.inputs);
  if (!inputs) return inputs.error();
  conversion.inputs = *std::move(inputs);

  spdlog::debug("loading {}", options.model);
  Expected<torchscript::Model> model = torchscript::Model::load(options.model);
  if (!model) return model.error();
  spdlog::debug("converting for {}", nnapi::feature_level_name(conversion.target.feature_level));
  return Prepared{*std::move(model), std::move(conversion)};
}

}  // namespace passerelle::cli
