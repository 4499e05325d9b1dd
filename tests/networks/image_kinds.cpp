// Layers of convolutional networks, and resizing.
#include <algorithm>
#include <cmath>

#include "kinds.h"

namespace passerelle::tests {
namespace {

/// Uniform weights that keep the values' size.
double weight_limit(int64_t inputs) { return std::round(200 / std::sqrt(static_cast<double>(inputs))) / 100; }

const Tensor& image(Draft& draft) { return draft.floats(4); }

/// A kernel that fits into an extent with its padding.
struct Window {
  int64_t kernel, stride, padding, dilation;
};
Window window(Draft& draft, int64_t extent, bool dilated) {
  Window chosen{draft.between(1, 4), draft.between(1, 2), 0, dilated && draft.chance(20) ? 2 : 1};
  if (draft.chance(50)) chosen.padding = draft.between(0, chosen.kernel / 2);
  while ((chosen.kernel - 1) * chosen.dilation + 1 > extent + 2 * chosen.padding) --chosen.kernel;
  chosen.padding = std::min(chosen.padding, chosen.kernel / 2);
  return chosen;
}

struct Windows {
  std::vector<int64_t> kernel, stride, padding, dilation;
};
Windows windows(Draft& draft, const Tensor& x, bool dilated = true) {
  Windows all;
  const bool square = draft.chance(60);
  const int64_t least = *std::min_element(x.shape.begin() + 2, x.shape.end());
  const Window common = window(draft, least, dilated);
  for (size_t i = 2; i < x.shape.size(); ++i) {
    const Window each = square ? common : window(draft, x.shape[i], dilated);
    all.kernel.push_back(each.kernel);
    all.stride.push_back(each.stride);
    all.padding.push_back(each.padding);
    all.dilation.push_back(each.dilation);
  }
  return all;
}

int64_t product(const std::vector<int64_t>& values) {
  int64_t result = 1;
  for (int64_t value : values) result *= value;
  return result;
}

std::string bias(Draft& draft, int64_t channels) { return draft.chance(70) ? draft.constant({channels}) : "None"; }

/// Ordinary, depthwise or grouped.
std::string convolution(Draft& draft, const char* name, const Tensor& x, const Windows& at,
                        const std::string& padding) {
  const int64_t channels = x.shape[1];
  int64_t groups = 1, outputs = draft.between(1, 8);
  if (draft.chance(25)) {
    groups = channels;
    outputs = channels * draft.between(1, 2);
  } else if (channels % 2 == 0 && draft.chance(20)) {
    groups = 2;
    outputs = 2 * draft.between(1, 3);
  }
  Shape filter{outputs, channels / groups};
  filter.insert(filter.end(), at.kernel.begin(), at.kernel.end());
  const double limit = weight_limit(channels / groups * product(at.kernel));
  return assign(draft, "torch.{}({}, {}, {}, {}, {}, {}, {})", name, x, draft.constant(filter, -limit, limit),
                bias(draft, outputs), at.stride, padding, at.dilation, groups);
}

std::string conv2d(Draft& draft) {
  const Tensor& x = image(draft);
  const Windows at = windows(draft, x);
  return convolution(draft, "conv2d", x, at, list(at.padding));
}

std::string conv2d_same(Draft& draft) {
  const Tensor& x = image(draft);
  Windows at = windows(draft, x);
  at.stride = {1, 1};
  return convolution(draft, "conv2d", x, at, draft.one_of({"'same'", "'valid'"}));
}

std::string conv1d(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const Windows at = windows(draft, x);
  return convolution(draft, "conv1d", x, at, list(at.padding));
}

std::string transposed(Draft& draft, const char* name, const Tensor& x) {
  const int64_t channels = x.shape[1];
  const int64_t groups = draft.chance(20) ? channels : 1, outputs = groups * draft.between(1, 4);
  Windows at = windows(draft, x);
  std::vector<int64_t> added;
  for (int64_t stride : at.stride) added.push_back(stride > 1 && draft.chance(30) ? 1 : 0);
  Shape filter{channels, outputs / groups};
  filter.insert(filter.end(), at.kernel.begin(), at.kernel.end());
  const double limit = weight_limit(channels / groups * product(at.kernel));
  return assign(draft, "torch.{}({}, {}, {}, {}, {}, {}, {}, {})", name, x, draft.constant(filter, -limit, limit),
                bias(draft, outputs), at.stride, at.padding, added, groups, at.dilation);
}

std::string conv_transpose2d(Draft& draft) { return transposed(draft, "conv_transpose2d", image(draft)); }
std::string conv_transpose1d(Draft& draft) { return transposed(draft, "conv_transpose1d", draft.floats(3, 3)); }

std::string max_pool2d(Draft& draft) {
  const Tensor& x = image(draft);
  const Windows at = windows(draft, x);
  return assign(draft, "torch.max_pool2d({}, {}, {}, {}, {}, {})", x, at.kernel, at.stride, at.padding, at.dilation,
                draft.chance(30));
}

std::string max_pool1d(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const Windows at = windows(draft, x);
  return assign(draft, "torch.max_pool1d({}, {}, {}, {})", x, at.kernel, at.stride, at.padding);
}

std::string avg_pool2d(Draft& draft) {
  const Tensor& x = image(draft);
  const Windows at = windows(draft, x, false);
  const std::string divisor = draft.chance(15) ? std::to_string(draft.between(1, 5)) : "None";
  return assign(draft, "torch.avg_pool2d({}, {}, {}, {}, {}, {}, {})", x, at.kernel, at.stride, at.padding,
                draft.chance(30), draft.chance(50), divisor);
}

std::string avg_pool1d(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const Windows at = windows(draft, x, false);
  return assign(draft, "torch.avg_pool1d({}, {}, {}, {}, {}, {})", x, at.kernel, at.stride, at.padding,
                draft.chance(30), draft.chance(50));
}

std::string adaptive_pool(Draft& draft) {
  const Tensor& x = image(draft);
  const std::vector<int64_t> size{draft.between(1, 5), draft.between(1, 5)};
  if (draft.chance(50)) return assign(draft, "torch.adaptive_avg_pool2d({}, {})", x, size);
  return write("{}, {} = torch.adaptive_max_pool2d({}, {})", draft.result(), draft.local("unused"), x, size);
}

std::string batch_norm(Draft& draft) {
  const Tensor& x = draft.floats(2);
  const Shape channels{x.shape[1]};
  return assign(draft, "torch.batch_norm({}, {}, {}, {}, {}, False, 0.1, 1e-5, False)", x,
                draft.constant(channels, 0.5, 1.5), draft.constant(channels), draft.constant(channels, -0.5, 0.5),
                draft.constant(channels, 0.5, 1.5));
}

std::string group_norm(Draft& draft) {
  const Tensor& x = draft.floats(3);
  const int64_t channels = x.shape[1], groups = channels % 2 == 0 && draft.chance(60) ? 2 : 1;
  return assign(draft, "torch.group_norm({}, {}, {}, {}, 0.1)", x, groups, draft.constant({channels}, 0.5, 1.5),
                draft.constant({channels}));
}

std::string instance_norm(Draft& draft) {
  return assign(draft, "torch.instance_norm({}, None, None, None, None, True, 0.1, 0.1, False)", draft.floats(3));
}

std::string layer_norm(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const Shape normalised(x.shape.end() - draft.between(1, static_cast<int64_t>(x.shape.size())), x.shape.end());
  return assign(draft, "torch.layer_norm({}, {}, {}, {}, 0.1)", x, normalised, draft.constant(normalised, 0.5, 1.5),
                draft.constant(normalised));
}

std::string pad(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t rank = static_cast<int64_t>(x.shape.size());
  std::vector<int64_t> amounts;
  for (int64_t i = 0, count = draft.between(1, rank); i < 2 * count; ++i)
    amounts.push_back(draft.chance(15) && x.shape[static_cast<size_t>(rank - 1 - i / 2)] > 2 ? -1
                                                                                             : draft.between(0, 2));
  return assign(draft, "torch.constant_pad_nd({}, {}, {})", x, amounts, draft.chance(60) ? 0.0 : draft.number(-1, 1));
}

std::string pad_by_values(Draft& draft) {
  const Tensor& x = draft.floats(3);
  std::vector<int64_t> amounts;
  for (size_t i = x.shape.size() - 1; i >= 2; --i)
    for (int side = 0; side < 2; ++side) amounts.push_back(draft.between(0, std::min<int64_t>(2, x.shape[i] - 1)));
  return assign(draft, "torch.{}_pad{}d({}, {})", draft.one_of({"reflection", "replication"}), amounts.size() / 2, x,
                amounts);
}

std::string resize(Draft& draft) {
  const Tensor& x = image(draft);
  const std::vector<int64_t> size = draft.chance(50) ? std::vector<int64_t>{2 * x.shape[2], 2 * x.shape[3]}
                                                     : std::vector<int64_t>{draft.between(1, 11), draft.between(1, 11)};
  switch (draft.below(4)) {
    case 0: return assign(draft, "torch.upsample_nearest2d({}, {})", x, size);
    case 1: return assign(draft, "torch.upsample_bilinear2d({}, {}, {})", x, size, draft.chance(50));
    case 2: return assign(draft, "torch.upsample_bicubic2d({}, {}, {})", x, size, draft.chance(50));
    default: return assign(draft, "torch._upsample_nearest_exact2d({}, {})", x, size);
  }
}

std::string resize_line(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const std::vector<int64_t> size{draft.between(1, 11)};
  if (draft.chance(50)) return assign(draft, "torch.upsample_nearest1d({}, {})", x, size);
  return assign(draft, "torch.upsample_linear1d({}, {}, {})", x, size, draft.chance(50));
}

std::string pixel_shuffle(Draft& draft) {
  const Tensor& x = draft.value([](const Tensor& each) {
    return each.type == ElementType::float32 && each.shape.size() == 4 && each.shape[1] % 4 == 0;
  });
  return assign(draft, "torch.pixel_shuffle({}, 2)", x);
}

std::string pixel_unshuffle(Draft& draft) {
  const Tensor& x = draft.value([](const Tensor& each) {
    return each.type == ElementType::float32 && each.shape.size() == 4 && each.shape[2] % 2 + each.shape[3] % 2 == 0;
  });
  return assign(draft, "torch.pixel_unshuffle({}, 2)", x);
}

std::string channel_shuffle(Draft& draft) {
  const Tensor& x = image(draft);
  const Shape& s = x.shape;
  if (s[1] % 2 != 0) throw Unfit{};
  return assign(draft, "{}.view({}, 2, {}, {}, {}).transpose(1, 2).contiguous().view({})", x, s[0], s[1] / 2, s[2],
                s[3], s);
}

std::string squeeze_and_excite(Draft& draft) {
  const Tensor& x = image(draft);
  const int64_t channels = x.shape[1];
  const double limit = weight_limit(channels);
  return assign(draft, "{} * torch.conv2d({}.mean([2, 3], True), {}, {}).{}()", x, x,
                draft.constant({channels, channels, 1, 1}, -limit, limit), draft.constant({channels}),
                draft.one_of({"sigmoid", "tanh", "relu"}));
}

}  // namespace

std::vector<Kind> image_kinds() {
  return {{"conv2d", conv2d},
          {"conv2d with padding as a word", conv2d_same},
          {"conv1d", conv1d},
          {"conv_transpose2d", conv_transpose2d},
          {"conv_transpose1d", conv_transpose1d},
          {"max_pool2d", max_pool2d, exact},
          {"max_pool1d", max_pool1d, exact},
          {"avg_pool2d", avg_pool2d},
          {"avg_pool1d", avg_pool1d},
          {"adaptive pool", adaptive_pool},
          {"batch_norm", batch_norm},
          {"group_norm", group_norm},
          {"instance_norm", instance_norm},
          {"layer_norm", layer_norm},
          {"constant_pad_nd", pad, exact},
          {"reflection and replication pad", pad_by_values, exact},
          {"resize", resize},
          {"resize of lines", resize_line},
          {"pixel_shuffle", pixel_shuffle, exact},
          {"pixel_unshuffle", pixel_unshuffle, exact},
          {"channel shuffle", channel_shuffle, exact},
          {"squeeze and excite", squeeze_and_excite}};
}

}  // namespace passerelle::tests
