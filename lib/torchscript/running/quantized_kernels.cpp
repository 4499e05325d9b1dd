#include "quantized_kernels.h"

#include <ATen/ATen.h>
#include <ATen/native/quantized/cpu/QuantizedOps.h>
#include <ATen/ops/clamp_native.h>
#include <ATen/ops/hardtanh_native.h>
#include <torch/library.h>

namespace passerelle::torchscript {
namespace {

class WithoutQnnpack {
 public:
  WithoutQnnpack() { at::globalContext().setQEngine(at::QEngine::NoQEngine); }
  ~WithoutQnnpack() { at::globalContext().setQEngine(before_); }
  WithoutQnnpack(const WithoutQnnpack&) = delete;

 private:
  at::QEngine before_ = at::globalContext().qEngine();
};

/// QNNPACK has the scale 1/256 alone, which aten::sigmoid's result always has. LibTorch's kernel has this very
/// signature.
at::Tensor native_sigmoid(at::Tensor qx, double scale,
                          int64_t zero_point) {  // NOLINT(performance-unnecessary-value-param)
  constexpr double scale_of_qnnpack = 1.0 / 256;
  if (qx.scalar_type() == at::kQUInt8 && scale == scale_of_qnnpack && zero_point == 0) return at::sigmoid(qx);
  at::Tensor result;
  // The kernel for any processor: how the stub picks a faster one is no part of its interface.
  decltype(at::native::qsigmoid_stub)::DEFAULT(qx, result, scale, zero_point);
  return result;
}

// Clamps. QNNPACK wants both bounds, and takes an image whose channels are stored last, as a convolution's result is,
// for one whose channels are stored first.

using Bound = c10::optional<at::Scalar>;

at::Tensor native_clamp(const at::Tensor& self, const Bound& min, const Bound& max) {
  const WithoutQnnpack native;
  return at::native::clamp_quantized_cpu(self, min, max);
}

at::Tensor native_hardtanh(const at::Tensor& self, const at::Scalar& min, const at::Scalar& max) {
  const WithoutQnnpack native;
  return at::native::hardtanh_quantized_cpu(self, min, max);
}

at::Tensor& native_hardtanh_in_place(at::Tensor& self, const at::Scalar& min, const at::Scalar& max) {
  const WithoutQnnpack native;
  return at::native::hardtanh_quantized_cpu_(self, min, max);
}

/// This signature is LibTorch's, too.
at::Tensor native_relu6(at::Tensor qx, bool inplace) {  // NOLINT(performance-unnecessary-value-param)
  return inplace ? native_hardtanh_in_place(qx, 0, 6) : native_hardtanh(qx, 0, 6);
}

}  // namespace

void register_native_quantized_kernels() {
  constexpr auto key = c10::DispatchKey::QuantizedCPU;
  static torch::Library quantized(torch::Library::IMPL, "quantized", key, __FILE__, __LINE__);
  quantized.impl("sigmoid", TORCH_FN(native_sigmoid));
  quantized.impl("clamp", TORCH_FN(native_clamp));
  quantized.impl("relu6", TORCH_FN(native_relu6));
  static torch::Library aten(torch::Library::IMPL, "aten", key, __FILE__, __LINE__);
  aten.impl("clamp", TORCH_FN(native_clamp));
  aten.impl("hardtanh", TORCH_FN(native_hardtanh));
  aten.impl("hardtanh_", TORCH_FN(native_hardtanh_in_place));
}

}  // namespace passerelle::torchscript
