#include "matrix.h"

namespace passerelle::passes {

OperandId product_along(Rewriter& r, OperandId value, size_t axis, std::vector<float> matrix) {
  const TensorType type = r.type(value);
  const AroundAxis parts = around(type.shape, axis);
  const auto count = static_cast<uint32_t>(matrix.size() / parts.size);
  const OperandId bias = r.graph().add_constant(Constant::filled(0, {count}));
  TensorType result = type;
  result.shape[axis] = count;
  TensorType product = type;
  if (parts.inner == 1) {
    const OperandId weights = r.floats(std::move(matrix), {count, parts.size});
    product.shape = {parts.outer, count};
    value =
        r.emit(Op::FULLY_CONNECTED,
               {{"input", r.reshape(value, {parts.outer, parts.size})}, {"weights", weights}, {"bias", bias}}, product);
    return r.reshape(value, result.shape);
  }
  // A filter as high as the image: each of its channels is a row of the matrix.
  product.shape = {parts.outer, 1, parts.inner, count};
  value = r.emit(Op::CONV_2D,
                 {{"input", r.reshape(value, {parts.outer, parts.size, parts.inner, 1})},
                  {"filter", r.floats(std::move(matrix), {count, parts.size, 1, 1})},
                  {"bias", bias},
                  {"padding_left", 0},
                  {"padding_right", 0},
                  {"padding_top", 0},
                  {"padding_bottom", 0},
                  {"stride_width", 1},
                  {"stride_height", 1}},
                 product);
  value = r.reshape(value, {parts.outer, parts.inner, count});
  return r.reshape(count == 1 ? value : r.transpose(value, {0, 2, 1}), result.shape);
}

}  // namespace passerelle::passes
