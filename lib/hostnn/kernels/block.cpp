// Blocks of pixels to channels or batches and back, and CHANNEL_SHUFFLE. Written for NHWC, as NNAPI defines them.
#include "image.h"

namespace passerelle::hostnn {
namespace {

Tensor to_nhwc(const Tensor& image, bool is_nchw) {
  require(image.dim() == 4, "an image must have rank 4");
  return is_nchw ? image.permute({0, 2, 3, 1}) : image;
}

Tensor from_nhwc(const Tensor& image, bool is_nchw) { return is_nchw ? image.permute({0, 3, 1, 2}) : image; }

Tensors depth_to_space(const Call& call) {
  const bool nchw = call.boolean_or(2, false);
  const Tensor image = to_nhwc(call.tensor(0), nchw);
  const int64_t block = call.integer(1);
  require(block > 0 && image.size(3) % (block * block) == 0, "the channels can't be divided into blocks");
  const int64_t batches = image.size(0), height = image.size(1), width = image.size(2);
  const int64_t channels = image.size(3) / (block * block);
  const Tensor result = image.reshape({batches, height, width, block, block, channels})
                            .permute({0, 1, 3, 2, 4, 5})
                            .reshape({batches, height * block, width * block, channels});
  return {from_nhwc(result, nchw)};
}

Tensors space_to_depth(const Call& call) {
  const bool nchw = call.boolean_or(2, false);
  const Tensor image = to_nhwc(call.tensor(0), nchw);
  const int64_t block = call.integer(1);
  require(block > 0 && image.size(1) % block == 0 && image.size(2) % block == 0,
          "height and width can't be divided into blocks");
  const int64_t batches = image.size(0), height = image.size(1) / block, width = image.size(2) / block;
  const int64_t channels = image.size(3);
  const Tensor result = image.reshape({batches, height, block, width, block, channels})
                            .permute({0, 1, 3, 2, 4, 5})
                            .reshape({batches, height, width, block * block * channels});
  return {from_nhwc(result, nchw)};
}

std::vector<int64_t> read_block_sizes(const Call& call) {
  const std::vector<int64_t> block = call.integers(1);
  require(block.size() == 2 && block[0] > 0 && block[1] > 0, "two positive block sizes are needed");
  return block;
}

Tensors batch_to_space(const Call& call) {
  const bool nchw = call.boolean_or(2, false);
  const Tensor image = to_nhwc(call.tensor(0), nchw);
  const std::vector<int64_t> block = read_block_sizes(call);
  require(image.size(0) % (block[0] * block[1]) == 0, "the batches can't be divided into blocks");
  const int64_t batches = image.size(0) / (block[0] * block[1]);
  const int64_t height = image.size(1), width = image.size(2), channels = image.size(3);
  const Tensor result = image.reshape({block[0], block[1], batches, height, width, channels})
                            .permute({2, 3, 0, 4, 1, 5})
                            .reshape({batches, height * block[0], width * block[1], channels});
  return {from_nhwc(result, nchw)};
}

Tensors space_to_batch(const Call& call) {
  const bool nchw = call.boolean_or(3, false);
  const std::vector<int64_t> block = read_block_sizes(call);
  const std::vector<int64_t> paddings = call.integers(2);
  require(paddings.size() == 4, "paddings must have the shape [2, 2]");
  for (int64_t padding : paddings) require(padding >= 0, "padding is negative");
  const Tensor image =
      at::constant_pad_nd(to_nhwc(call.tensor(0), nchw), {0, 0, paddings[2], paddings[3], paddings[0], paddings[1]},
                          call.quantization(0).zero_point);
  require(image.size(1) % block[0] == 0 && image.size(2) % block[1] == 0,
          "the padded height and width can't be divided into blocks");
  const int64_t batches = image.size(0), channels = image.size(3);
  const int64_t height = image.size(1) / block[0], width = image.size(2) / block[1];
  const Tensor result = image.reshape({batches, height, block[0], width, block[1], channels})
                            .permute({2, 4, 0, 1, 3, 5})
                            .reshape({batches * block[0] * block[1], height, width, channels});
  return {from_nhwc(result, nchw)};
}

/// As a table of `groups` rows that is read by columns.
Tensors channel_shuffle(const Call& call) {
  const Tensor& values = call.tensor(0);
  const int64_t groups = call.integer(1);
  const int64_t axis = call.axis(2, values.dim());
  require(groups > 0 && values.size(axis) % groups == 0, "the axis can't be divided into the groups");
  std::vector<int64_t> shape = values.sizes().vec();
  shape[axis] = values.size(axis) / groups;
  shape.insert(shape.begin() + axis, groups);
  return {values.reshape(shape).transpose(axis, axis + 1).reshape(values.sizes())};
}

constexpr Row rows[] = {
    {OperationType::BATCH_TO_SPACE_ND, batch_to_space, float32 | int32 | quant8},
    {OperationType::CHANNEL_SHUFFLE, channel_shuffle, float32 | quant8},
    {OperationType::DEPTH_TO_SPACE, depth_to_space, float32 | quant8},
    {OperationType::SPACE_TO_BATCH_ND, space_to_batch, float32 | int32 | quant8},
    {OperationType::SPACE_TO_DEPTH, space_to_depth, float32 | quant8},
};

}  // namespace

Span<const Row> block_rows() { return rows; }

}  // namespace passerelle::hostnn
