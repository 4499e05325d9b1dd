#include "elements.h"

namespace passerelle::hostnn {
namespace {

std::vector<int64_t> shape_of(const std::vector<uint32_t>& dimensions) {
  return {dimensions.begin(), dimensions.end()};
}

}  // namespace

at::ScalarType scalar_type(OperandType type) {
  switch (type) {
    case OperandType::TENSOR_FLOAT16:
    case OperandType::FLOAT16:
    case OperandType::TENSOR_FLOAT32:
    case OperandType::FLOAT32: return at::kFloat;
    case OperandType::TENSOR_INT32:
    case OperandType::INT32: return at::kInt;
    case OperandType::TENSOR_BOOL8:
    case OperandType::BOOL: return at::kBool;
    case OperandType::TENSOR_QUANT8_ASYMM: return at::kByte;
    case OperandType::TENSOR_QUANT8_ASYMM_SIGNED:
    case OperandType::TENSOR_QUANT8_SYMM:
    case OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL: return at::kChar;
    case OperandType::TENSOR_QUANT16_SYMM: return at::kShort;
    case OperandType::TENSOR_QUANT16_ASYMM: return at::kInt;  // LibTorch has no unsigned 16 bits
    default: refuse("the host has no " + std::string(nnapi::name(type)));
  }
}

bool is_float16(OperandType type) { return type == OperandType::TENSOR_FLOAT16 || type == OperandType::FLOAT16; }

Tensor tensor_of(OperandType type, const std::vector<uint32_t>& dimensions, const void* data) {
  void* bytes = const_cast<void*>(data);  // LibTorch has no tensors of constant bytes; kernels never write to inputs
  const at::ScalarType scalar = scalar_type(type);
  if (scalar == at::kBool) return at::from_blob(bytes, shape_of(dimensions), at::kByte).ne(0);
  if (is_float16(type)) return at::from_blob(bytes, shape_of(dimensions), at::kHalf).to(at::kFloat);
  if (type == OperandType::TENSOR_QUANT16_ASYMM)
    return at::from_blob(bytes, shape_of(dimensions), at::kShort).to(at::kInt).bitwise_and(0xffff);
  return at::from_blob(bytes, shape_of(dimensions), scalar);
}

void write_bytes(const Tensor& tensor, OperandType type, void* data) {
  const at::ScalarType stored = is_float16(type)                            ? at::kHalf
                                : type == OperandType::TENSOR_QUANT16_ASYMM ? at::kShort
                                                                            : tensor.scalar_type();
  at::from_blob(data, tensor.sizes(), stored).copy_(tensor);
}

std::vector<uint32_t> dimensions_of(const Tensor& tensor) { return {tensor.sizes().begin(), tensor.sizes().end()}; }

}  // namespace passerelle::hostnn
