#include "alternatives.h"

#include <map>

#include "passerelle/graph/ways_out.h"

namespace passerelle::lowering {
namespace {

namespace way_out = graph::way_out;
using graph::ElementType;

const std::map<std::string_view, const char*>& alternatives() {
  static const std::map<std::string_view, const char*> table = {
      {"aten::logcumsumexp", way_out::logcumsumexp},
      {"aten::stft", way_out::fourier_filters},
      {"aten::fake_quantize_per_tensor_affine", way_out::make_integers},
      {"aten::fake_quantize_per_channel_affine", way_out::make_integers},
      {"aten::fake_quantize_per_tensor_affine_cachemask", way_out::make_integers},
      {"aten::fake_quantize_per_channel_affine_cachemask", way_out::make_integers},
      {"aten::_fake_quantize_learnable_per_tensor_affine", way_out::make_integers},
      {"aten::_fake_quantize_learnable_per_channel_affine", way_out::make_integers},
      {"aten::_fake_quantize_per_tensor_affine_cachemask_tensor_qparams", way_out::make_integers},
  };
  return table;
}

}  // namespace

std::string alternative(std::string_view op, bool on_complex_numbers) {
  const auto row = alternatives().find(op);
  if (row != alternatives().end()) return row->second;
  if (op.substr(0, 10) == "aten::fft_") return way_out::fourier_products;
  return on_complex_numbers ? way_out::real_parts : way_out::in_the_app;
}

std::string alternative_to(ElementType type) {
  if (type == ElementType::other) return way_out::real_parts;
  if (type == ElementType::qint32) return way_out::eight_bits;
  return graph::is_floating_point(type) ? way_out::as_float32 : way_out::keep_int32;
}

}  // namespace passerelle::lowering
