// AVERAGE_POOL_2D, L2_POOL_2D, MAX_POOL_2D.
#include "pooling.h"

#include <limits>

namespace passerelle::hostnn {

Pool read_pool(const Call& call) {
  const bool is_explicit = call.size() >= 10;
  size_t next = 0;
  WindowArguments arguments = read_window(call, 1, is_explicit, next);
  arguments.window.filter_width = call.integer(next);
  arguments.window.filter_height = call.integer(next + 1);
  Pool pool;
  pool.activation = call.integer(next + 2);
  pool.nchw = call.boolean_or(next + 3, false);
  pool.image = to_nchw(call.tensor(0), pool.nchw);
  pool.window = resolve(arguments, pool.image.size(2), pool.image.size(3));
  return pool;
}

bool padding_suits_torch(const Window& window) {
  return window.is_symmetric() && 2 * window.vertical.before <= window.filter_height &&
         2 * window.horizontal.before <= window.filter_width;
}

Tensor greatest_of_windows(const Tensor& image, const Window& window) {
  if (padding_suits_torch(window)) return at::max_pool2d(image, window.filter(), window.stride(), window.padding());
  const Tensor padded = pad_image(image, window, std::numeric_limits<float>::lowest());
  return at::max_pool2d(padded, window.filter(), window.stride());
}

namespace {

Tensors finish(const Pool& pool, Tensor result) { return {from_nchw(activate(result, pool.activation), pool.nchw)}; }

/// The mean of those elements of each window that lie within the image.
Tensor average(const Tensor& image, const Window& window) {
  if (padding_suits_torch(window))
    return at::avg_pool2d(image, window.filter(), window.stride(), window.padding(), false, false);
  const auto sums = [&](const Tensor& values) {
    return at::avg_pool2d(pad_image(values, window, 0), window.filter(), window.stride(), 0, false, true, 1);
  };
  const Tensor counts = sums(at::ones({1, 1, image.size(2), image.size(3)}, image.options()));
  return sums(image).div_(counts);
}

Tensors average_pool_2d(const Call& call) {
  const Pool pool = read_pool(call);
  return finish(pool, average(pool.image, pool.window));
}

Tensors l2_pool_2d(const Call& call) {
  const Pool pool = read_pool(call);
  return finish(pool, average(pool.image.square(), pool.window).sqrt_());
}

Tensors max_pool_2d(const Call& call) {
  const Pool pool = read_pool(call);
  return finish(pool, greatest_of_windows(pool.image, pool.window));
}

constexpr Row rows[] = {
    {OperationType::AVERAGE_POOL_2D, average_pool_2d, float32 | zero_sized},
    {OperationType::L2_POOL_2D, l2_pool_2d, float32 | zero_sized},
    {OperationType::MAX_POOL_2D, max_pool_2d, float32 | zero_sized},
};

}  // namespace

Span<const Row> pooling_rows() { return rows; }

}  // namespace passerelle::hostnn
