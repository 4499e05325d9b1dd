// PyTorch's tensors ↔ the loader's buffers.
#include "passerelle/verify/border.h"
#include "catch.h"

using Catch::Matchers::ContainsSubstring;

#include <cstring>

using namespace passerelle;
using graph::ElementType;
using graph::HostTensor;
using verify::from_buffer;
using verify::to_buffer;

namespace {

passerelle_port_info port(int32_t dtype, int32_t buffer_dtype, std::vector<uint32_t> shape, size_t element_size,
                          bool nhwc = false) {
  passerelle_port_info info{};
  info.name = "x";
  info.dtype = dtype;
  info.buffer_dtype = buffer_dtype;
  info.rank = static_cast<uint32_t>(shape.size());
  info.byte_size = element_size;
  for (uint32_t i = 0; i < info.rank; ++i) {
    info.shape[i] = shape[i];
    info.buffer_shape[i] = nhwc ? shape[graph::nchw_to_nhwc[i]] : shape[i];
    info.byte_size *= shape[i];
  }
  info.layout = nhwc ? PASSERELLE_LAYOUT_CHANNELS_LAST : PASSERELLE_LAYOUT_AS_PYTORCH;
  return info;
}

template <typename T>
std::vector<unsigned char> bytes(std::vector<T> values) {
  const auto* begin = reinterpret_cast<const unsigned char*>(values.data());
  return {begin, begin + values.size() * sizeof(T)};
}

template <typename T>
HostTensor tensor(ElementType type, graph::Shape shape, std::vector<T> values) {
  HostTensor result;
  result.type = type;
  result.shape = std::move(shape);
  result.bytes = bytes(std::move(values));
  return result;
}

std::string refusal(const HostTensor& given, const passerelle_port_info& info) {
  auto buffer = to_buffer(given, info);
  REQUIRE_FALSE(buffer);
  CHECK(buffer.error().kind == ErrorKind::usage);
  CHECK_THAT(buffer.error().message, ContainsSubstring("input x"));
  return buffer.error().message;
}

}  // namespace

TEST_CASE("NCHW becomes NHWC, and back") {
  passerelle_port_info info = port(PASSERELLE_FLOAT32, PASSERELLE_FLOAT32, {1, 2, 2, 3}, 4, true);
  HostTensor nchw = tensor<float>(ElementType::float32, {1, 2, 2, 3}, {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60});
  std::vector<unsigned char> nhwc = bytes<float>({1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60});
  auto buffer = to_buffer(nchw, info);
  REQUIRE(buffer);
  CHECK(*buffer == nhwc);
  HostTensor back = from_buffer(nhwc, info);
  CHECK(back.shape == nchw.shape);
  CHECK(back.bytes == nchw.bytes);
}

TEST_CASE("signed integers travel as unsigned ones where NNAPI has no others") {
  passerelle_port_info info = port(PASSERELLE_QINT8, PASSERELLE_QUINT8, {4}, 1);
  info.scale = 0.5f;
  info.zero_point = 118;  // of the buffer
  HostTensor integers = tensor<int8_t>(ElementType::qint8, {4}, {-128, -10, 0, 127});
  auto buffer = to_buffer(integers, info);
  REQUIRE(buffer);
  CHECK(*buffer == bytes<uint8_t>({0, 118, 128, 255}));
  HostTensor back = from_buffer(*buffer, info);
  CHECK(back.type == ElementType::qint8);
  CHECK(back.quantization.zero_point == -10);
  CHECK(back.bytes == integers.bytes);
}

TEST_CASE("int64 travels as int32, float64 as float32") {
  passerelle_port_info integers = port(PASSERELLE_INT64, PASSERELLE_INT32, {3}, 4);
  HostTensor wide = tensor<int64_t>(ElementType::int64, {3}, {INT32_MIN, -1, INT32_MAX});
  auto buffer = to_buffer(wide, integers);
  REQUIRE(buffer);
  CHECK(*buffer == bytes<int32_t>({INT32_MIN, -1, INT32_MAX}));
  HostTensor back = from_buffer(*buffer, integers);
  CHECK(back.type == ElementType::int64);
  CHECK(back.bytes == wide.bytes);

  passerelle_port_info reals = port(PASSERELLE_FLOAT64, PASSERELLE_FLOAT32, {2}, 4);
  buffer = to_buffer(tensor<double>(ElementType::float64, {2}, {0.1, -2}), reals);
  REQUIRE(buffer);
  CHECK(*buffer == bytes<float>({0.1f, -2}));
  CHECK(from_buffer(*buffer, reals).bytes == bytes<double>({static_cast<double>(0.1f), -2}));
}

TEST_CASE("an integer that 32 bits can't hold is refused, not cut") {
  passerelle_port_info info = port(PASSERELLE_INT64, PASSERELLE_INT32, {2}, 4);
  CHECK_THAT(refusal(tensor<int64_t>(ElementType::int64, {2}, {0, int64_t{1} << 31}), info),
             ContainsSubstring("2147483648"));
  CHECK_THAT(refusal(tensor<int64_t>(ElementType::int64, {2}, {0, -(int64_t{1} << 31) - 1}), info),
             ContainsSubstring("-2147483649"));
}

TEST_CASE("quantized tensors are their integers") {
  passerelle_port_info info = port(PASSERELLE_QUINT8, PASSERELLE_QUINT8, {1, 2, 1, 2}, 1, true);
  info.scale = 0.5f;
  info.zero_point = 3;
  for (ElementType type : {ElementType::quint8, ElementType::uint8}) {
    auto buffer = to_buffer(tensor<uint8_t>(type, {1, 2, 1, 2}, {1, 2, 200, 255}), info);
    REQUIRE(buffer);
    CHECK(*buffer == std::vector<unsigned char>{1, 200, 2, 255});
  }
  HostTensor back = from_buffer({1, 200, 2, 255}, info);
  CHECK(back.type == ElementType::quint8);
  CHECK(back.bytes == std::vector<unsigned char>{1, 2, 200, 255});
  CHECK(back.quantization.scale == 0.5f);
  CHECK(back.quantization.zero_point == 3);
}

TEST_CASE("float16 and bool pass through") {
  passerelle_port_info halves = port(PASSERELLE_FLOAT16, PASSERELLE_FLOAT16, {1, 2, 1, 2}, 2, true);
  auto buffer = to_buffer(tensor<uint16_t>(ElementType::float16, {1, 2, 1, 2}, {1, 2, 3, 4}), halves);
  REQUIRE(buffer);
  CHECK(*buffer == bytes<uint16_t>({1, 3, 2, 4}));
  passerelle_port_info bools = port(PASSERELLE_BOOL, PASSERELLE_BOOL, {2}, 1);
  CHECK(*to_buffer(tensor<uint8_t>(ElementType::bool8, {2}, {1, 0}), bools) == std::vector<unsigned char>{1, 0});
}

TEST_CASE("rank 0") {
  passerelle_port_info info = port(PASSERELLE_FLOAT32, PASSERELLE_FLOAT32, {}, 4);
  auto buffer = to_buffer(tensor<float>(ElementType::float32, {}, {2.5f}), info);
  REQUIRE(buffer);
  CHECK(from_buffer(*buffer, info).shape.empty());
}

TEST_CASE("another shape or dtype is refused") {
  passerelle_port_info info = port(PASSERELLE_FLOAT32, PASSERELLE_FLOAT32, {1, 3}, 4);
  CHECK_THAT(refusal(tensor<float>(ElementType::float32, {3, 1}, {1, 2, 3}), info),
             ContainsSubstring("1x3") && ContainsSubstring("3x1"));
  CHECK_THAT(refusal(tensor<float>(ElementType::float32, {3}, {1, 2, 3}), info), ContainsSubstring("1x3"));
  CHECK_THAT(refusal(tensor<int32_t>(ElementType::int32, {1, 3}, {1, 2, 3}), info),
             ContainsSubstring("float32") && ContainsSubstring("int32"));
  CHECK_THAT(refusal(tensor<double>(ElementType::float64, {1, 3}, {1, 2, 3}), info), ContainsSubstring("float64"));
}
