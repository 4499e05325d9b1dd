// CONV_2D, DEPTHWISE_CONV_2D, GROUPED_CONV_2D, TRANSPOSE_CONV_2D.
#include "convolution.h"

#include <algorithm>

#include "onednn.h"

namespace passerelle::hostnn {
namespace {

struct PreparedConvolution : Prepared {
  Tensor filter;  // LibTorch's
  std::unique_ptr<const PackedConvolution> packed;
};

/// NNAPI's [outputs, height, width, inputs] as LibTorch's [outputs, inputs, height, width], whose channels_last form
/// has the same bytes.
Tensor filter_to_torch(const Tensor& filter) {
  require(filter.dim() == 4, "a filter must have rank 4");
  return filter.permute({0, 3, 1, 2}).contiguous(at::MemoryFormat::ChannelsLast);
}

/// [1, height, width, outputs] as [outputs, 1, height, width].
Tensor depthwise_filter_to_torch(const Tensor& filter) { return filter.permute({3, 0, 1, 2}).contiguous(); }

/// A convolution with all sizes known.
struct Resolved {
  Window window;
  ConvolutionShape shape;            // with LibTorch's padding, if that is symmetric; else the image is padded first
  std::vector<int64_t> padded_size;  // of the NCHW image
};

Resolved resolve(Convolution convolution, const Tensor& filter, const std::vector<int64_t>& nchw) {
  convolution.window.window.filter_height = filter.size(2);
  convolution.window.window.filter_width = filter.size(3);
  require(convolution.groups > 0 && filter.size(1) * convolution.groups == nchw[1],
          "the filter's depth does not fit the image's");
  require(filter.size(0) % convolution.groups == 0, "the filter's outputs can't be divided into the groups");
  Resolved resolved;
  resolved.window = resolve(convolution.window, nchw[2], nchw[3]);
  const Window& window = resolved.window;
  resolved.shape = {window.stride(), window.padding(), window.dilation(), convolution.groups};
  resolved.padded_size = nchw;
  if (!window.is_symmetric()) {
    resolved.shape.padding = {0, 0};
    resolved.padded_size[2] += window.vertical.before + window.vertical.after;
    resolved.padded_size[3] += window.horizontal.before + window.horizontal.after;
  }
  return resolved;
}

/// What the model declares of the image, as NCHW; empty where it leaves a size open.
std::vector<int64_t> declared_nchw(const Call& call, bool is_nchw) {
  const std::vector<uint32_t>& declared = call.declared_dimensions(0);
  if (declared.size() != 4 || std::find(declared.begin(), declared.end(), 0u) != declared.end()) return {};
  if (is_nchw) return {declared.begin(), declared.end()};
  return {declared[0], declared[3], declared[1], declared[2]};
}

std::unique_ptr<const Prepared> prepare(const Call& call, const Convolution& convolution, Tensor filter) {
  auto prepared = std::make_unique<PreparedConvolution>();
  const std::vector<int64_t> image = declared_nchw(call, convolution.nchw);
  if (!image.empty() && call.is_constant(1) && call.is_constant(2)) {
    const Resolved resolved = resolve(convolution, filter, image);
    prepared->packed =
        PackedConvolution::pack(filter, call.tensor(2), resolved.shape, resolved.padded_size, convolution.activation);
  }
  prepared->filter = std::move(filter);
  return prepared;
}

Tensors run(const Call& call, const Convolution& convolution) {
  const auto& prepared = static_cast<const PreparedConvolution&>(call.prepared());
  const Tensor image = to_nchw(call.tensor(0), convolution.nchw);
  const Resolved resolved = resolve(convolution, prepared.filter, image.sizes().vec());
  const Tensor padded = resolved.window.is_symmetric() ? image : pad_image(image, resolved.window, 0);
  Tensor result;
  if (prepared.packed && prepared.packed->fits(padded)) {
    result = prepared.packed->run(padded);
  } else {
    result = convolve(padded, prepared.filter, call.tensor(2), resolved.shape);
    activate(result, convolution.activation);
  }
  return {from_nchw(result, convolution.nchw)};
}

std::unique_ptr<const Prepared> prepare_conv_2d(const Call& call) {
  return prepare(call, read_conv_2d(call), filter_to_torch(call.tensor(1)));
}
std::unique_ptr<const Prepared> prepare_depthwise_conv_2d(const Call& call) {
  const Convolution convolution = read_depthwise_conv_2d(call);
  return prepare(call, convolution, depthwise_filter_to_torch(call.tensor(1)));
}
std::unique_ptr<const Prepared> prepare_grouped_conv_2d(const Call& call) {
  return prepare(call, read_grouped_conv_2d(call), filter_to_torch(call.tensor(1)));
}

Tensors conv_2d(const Call& call) { return run(call, read_conv_2d(call)); }
Tensors depthwise_conv_2d(const Call& call) { return run(call, read_depthwise_conv_2d(call)); }
Tensors grouped_conv_2d(const Call& call) { return run(call, read_grouped_conv_2d(call)); }

// --- TRANSPOSE_CONV_2D

/// [outputs, height, width, inputs] as conv_transpose2d's [inputs, outputs, height, width].
std::unique_ptr<const Prepared> prepare_transpose_conv_2d(const Call& call) {
  require(call.tensor(1).dim() == 4, "a filter must have rank 4");
  auto prepared = std::make_unique<PreparedConvolution>();
  prepared->filter = call.tensor(1).permute({3, 0, 1, 2}).contiguous();
  return prepared;
}

Tensors transpose_conv_2d(const Call& call) {
  const Tensor& filter = static_cast<const PreparedConvolution&>(call.prepared()).filter;
  const TransposeConvolution convolution = read_transpose_conv_2d(call, filter.size(2), filter.size(3));
  const Tensor image = to_nchw(call.tensor(0), convolution.nchw);
  require(image.size(1) == filter.size(0), "the filter's depth does not fit the image's");
  // The bias comes after the cut, as zeros that the cut adds have it too.
  Tensor result = cut(convolve_transposed(image, filter, convolution.window.stride()), convolution.window);
  result.add_(call.tensor(2).reshape({1, -1, 1, 1}));
  return {from_nchw(activate(result, convolution.activation), convolution.nchw)};
}

constexpr Row rows[] = {
    {OperationType::CONV_2D, conv_2d, float32 | zero_sized, prepare_conv_2d},
    {OperationType::DEPTHWISE_CONV_2D, depthwise_conv_2d, float32 | zero_sized, prepare_depthwise_conv_2d},
    {OperationType::GROUPED_CONV_2D, grouped_conv_2d, float32 | zero_sized, prepare_grouped_conv_2d},
    {OperationType::TRANSPOSE_CONV_2D, transpose_conv_2d, float32 | int32 | zero_sized, prepare_transpose_conv_2d},
};

}  // namespace

Span<const Row> convolution_rows() { return rows; }

}  // namespace passerelle::hostnn
