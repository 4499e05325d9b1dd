#include "passerelle/verify/border.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "passerelle/graph/constant.h"
#include "passerelle/support/check.h"

namespace passerelle::verify {
namespace {

using graph::Constant;
using graph::ElementType;
using graph::HostTensor;
using graph::Shape;

struct DtypeRow {
  passerelle_dtype dtype;
  ElementType type;
};
constexpr DtypeRow dtypes[] = {
    {PASSERELLE_FLOAT32, ElementType::float32}, {PASSERELLE_FLOAT64, ElementType::float64},
    {PASSERELLE_FLOAT16, ElementType::float16}, {PASSERELLE_BFLOAT16, ElementType::bfloat16},
    {PASSERELLE_INT8, ElementType::int8},       {PASSERELLE_UINT8, ElementType::uint8},
    {PASSERELLE_INT16, ElementType::int16},     {PASSERELLE_INT32, ElementType::int32},
    {PASSERELLE_INT64, ElementType::int64},     {PASSERELLE_BOOL, ElementType::bool8},
    {PASSERELLE_QUINT8, ElementType::quint8},   {PASSERELLE_QINT8, ElementType::qint8},
    {PASSERELLE_QINT32, ElementType::qint32},
};

ElementType element_type(int32_t dtype) {
  for (const DtypeRow& row : dtypes)
    if (row.dtype == dtype) return row.type;
  check(false, "the loader names a dtype of its own table");
  return ElementType::other;
}

Shape shape_of(const uint32_t (&dimensions)[PASSERELLE_MAX_RANK], uint32_t rank) {
  return Shape(dimensions, dimensions + rank);
}

/// Below feature level 4 NNAPI takes signed tensors unsigned, 128 more.
int32_t shift_of(const passerelle_port_info& info) {
  return info.dtype == PASSERELLE_QINT8 && info.buffer_dtype == PASSERELLE_QUINT8 ? 128 : 0;
}

bool channels_last(const passerelle_port_info& info) {
  return info.layout == PASSERELLE_LAYOUT_CHANNELS_LAST && info.rank == 4;
}

/// A view of `bytes`, which must outlive it.
Constant view(const std::vector<unsigned char>& bytes, ElementType type, const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return Constant(nullptr, bytes.data(), type, shape, std::move(strides));
}

Expected<void> check_range(const Constant& values, ElementType buffer_type, const std::string& name) {
  if (values.type() != ElementType::int64 || buffer_type != ElementType::int32) return {};
  for (int64_t value : values.integers())
    if (value < INT32_MIN || value > INT32_MAX)
      return Error{ErrorKind::usage, "input " + name + " holds " + std::to_string(value) +
                                         ", which NNAPI can't take: its integers have 32 bits"};
  return {};
}

}  // namespace

ElementType integers_of(ElementType type) {
  switch (type) {
    case ElementType::quint8: return ElementType::uint8;
    case ElementType::qint8: return ElementType::int8;
    case ElementType::qint32: return ElementType::int32;
    default: return type;
  }
}

Port port_of(const passerelle_port_info& info) {
  Port port;
  port.name = info.name;
  port.type = element_type(info.dtype);
  port.shape = shape_of(info.shape, info.rank);
  if (graph::is_quantized(port.type)) {
    port.quantization.scale = info.scale;
    port.quantization.zero_point = info.zero_point - shift_of(info);
  }
  return port;
}

Expected<std::vector<unsigned char>> to_buffer(const HostTensor& tensor, const passerelle_port_info& info) {
  Port port = port_of(info);
  if (tensor.shape != port.shape)
    return Error{ErrorKind::usage, "input " + port.name + " has the shape " + graph::to_string(port.shape) + ", not " +
                                       graph::to_string(tensor.shape)};
  if (integers_of(tensor.type) != integers_of(port.type))
    return Error{ErrorKind::usage, "input " + port.name + " takes " + std::string(graph::name(port.type)) +
                                       " elements, not " + std::string(graph::name(tensor.type))};
  Constant values = view(tensor.bytes, integers_of(tensor.type), tensor.shape);
  ElementType buffer_type = integers_of(element_type(info.buffer_dtype));
  if (Expected<void> fits = check_range(values, buffer_type, port.name); !fits) return fits.error();
  if (channels_last(info)) values = values.permuted(graph::nchw_to_nhwc);
  values = shift_of(info) == 0 ? values.converted(buffer_type) : values.shifted(shift_of(info), buffer_type);
  check(values.byte_size() == info.byte_size, "an input's buffer has the size that the loader names");
  std::vector<unsigned char> buffer(info.byte_size);
  values.copy_to(buffer.data());
  return buffer;
}

HostTensor from_buffer(const std::vector<unsigned char>& buffer, const passerelle_port_info& info) {
  Port port = port_of(info);
  Constant values = view(buffer, integers_of(element_type(info.buffer_dtype)), shape_of(info.buffer_shape, info.rank));
  check(values.byte_size() == buffer.size(), "an output's buffer has the size that the loader names");
  if (channels_last(info)) values = values.permuted(graph::nhwc_to_nchw);
  check(values.shape() == port.shape, "an output's buffer has the shape that the loader names");
  const ElementType integers = integers_of(port.type);
  values = shift_of(info) == 0 ? values.converted(integers) : values.shifted(-shift_of(info), integers);
  HostTensor tensor;
  tensor.type = port.type;
  tensor.shape = port.shape;
  tensor.quantization = port.quantization;
  tensor.bytes.resize(values.byte_size());
  values.copy_to(tensor.bytes.data());
  return tensor;
}

}  // namespace passerelle::verify
