// What differs between oneDNN 2 and 3: version 3 has no descriptors of operations, and no scale of fused activations.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

namespace passerelle::hostnn::port {

inline dnnl::memory::dims sizes_of(const dnnl::memory::desc& descriptor) {
#if DNNL_VERSION_MAJOR < 3
  return descriptor.dims();
#else
  return descriptor.get_dims();
#endif
}

inline void append_activation(dnnl::post_ops& after, dnnl::algorithm activation, float alpha, float beta) {
#if DNNL_VERSION_MAJOR < 3
  after.append_eltwise(1, activation, alpha, beta);
#else
  after.append_eltwise(activation, alpha, beta);
#endif
}

struct ConvolutionOperands {
  dnnl::memory::desc image, filter, bias, result;
};

/// Sizes are [height, width]; `skipped` says how many pixels lie between two taps.
struct ConvolutionSteps {
  dnnl::memory::dims stride, skipped, padding;
};

inline dnnl::convolution_forward::primitive_desc describe_convolution(const dnnl::engine& engine,
                                                                      const ConvolutionOperands& operands,
                                                                      const ConvolutionSteps& steps,
                                                                      const dnnl::primitive_attr& attributes) {
  constexpr auto purpose = dnnl::prop_kind::forward_inference;
  constexpr auto algorithm = dnnl::algorithm::convolution_direct;
  const auto& [image, filter, bias, result] = operands;
#if DNNL_VERSION_MAJOR < 3
  const dnnl::convolution_forward::desc description(purpose, algorithm, image, filter, bias, result, steps.stride,
                                                    steps.skipped, steps.padding, steps.padding);
  return {description, attributes, engine};
#else
  return {engine, purpose,      algorithm,     image,         filter,        bias,
          result, steps.stride, steps.skipped, steps.padding, steps.padding, attributes};
#endif
}

}  // namespace passerelle::hostnn::port
