#include "trace_values.h"

#include <torch/csrc/jit/runtime/operator.h>

#include "passerelle/support/check.h"
#include "tensor_conversion.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;
using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;

IValue call(const char* op, const char* overload, std::vector<IValue> stack) {
  const auto known = jit::findOperatorFor({op, overload});
  check(known != nullptr, std::string("LibTorch has the operator ") + op);
  known->getOperation()(stack);
  check(stack.size() == 1, std::string("one result comes from ") + op);
  return stack[0];
}

class Conversion {
 public:
  explicit Conversion(const TensorOf& tensor_of) : tensor_of_(tensor_of) {}

  IValue to_ivalue(const Value& value, const TypePtr& type) {
    if (const auto optional = type->cast<c10::OptionalType>())
      return value.is_none() ? IValue() : to_ivalue(value, optional->getElementType());
    if (type->kind() == TypeKind::ClassType) return packed(value, type->cast<c10::ClassType>()->name()->name());
    if (const auto list = type->cast<c10::ListType>()) return to_list(value, list->getElementType());
    if (type->kind() == TypeKind::DeviceObjType) return c10::Device(std::get<std::string>(value.data));
    if (const TensorId* id = value.tensor()) return tensor_of_(*id);
    if (const auto* integer = std::get_if<int64_t>(&value.data)) return *integer;
    if (const auto* real = std::get_if<double>(&value.data)) return *real;
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth;
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    if (type->kind() == TypeKind::TensorType) return at::Tensor();
    return {};
  }

 private:
  IValue to_list(const Value& value, const TypePtr& element_type) {
    const std::vector<Value>* elements = value.list();
    const bool ints = element_type->kind() == TypeKind::SymIntType;
    c10::impl::GenericList list(ints ? TypePtr(c10::IntType::get()) : element_type);
    if (elements == nullptr) {
      list.push_back(to_ivalue(value, element_type));
    } else {
      for (const Value& element : *elements) list.push_back(to_ivalue(element, element_type));
    }
    return list;
  }

  /// Bits, integers, scales and zero points.
  IValue packed_embedding(const std::vector<Value>& parts) {
    const auto tensor = [&](size_t part) { return to_ivalue(parts.at(part), c10::TensorType::get()).toTensor(); };
    if (parts.size() < 4) throw std::runtime_error("an embedding of 4 bits can't be made again");
    const int64_t rows = 0;
    return call("quantized::embedding_bag_prepack", "",
                {at::_make_per_channel_quantized_tensor(tensor(1), tensor(2), tensor(3), rows)});
  }

  /// Weight, bias, stride, padding, output padding, dilation, groups, transposed; or weight and bias.
  IValue packed(const Value& value, const std::string& type) {
    const std::vector<Value>* parts = value.list();
    if (parts == nullptr || type.find("PackedParamsBase") == type.npos)
      throw std::runtime_error("a " + type + " can't be made again");
    if (type == "EmbeddingPackedParamsBase") return packed_embedding(*parts);
    const IValue weight = to_ivalue((*parts)[0], c10::TensorType::get());
    const IValue bias = to_ivalue((*parts)[1], c10::OptionalType::create(c10::TensorType::get()));
    if (type == "LinearPackedParamsBase") return call("quantized::linear_prepack", "", {weight, bias});
    const auto ints = [&](size_t part) { return to_list((*parts)[part], c10::IntType::get()); };
    const std::string dimensions = type == "Conv3dPackedParamsBase" ? "3d" : "2d";
    const IValue groups = std::get<int64_t>((*parts)[6].data);
    if (std::get<bool>((*parts)[7].data))
      return call(("quantized::conv_transpose" + dimensions + "_prepack").c_str(), "",
                  {weight, bias, ints(2), ints(3), ints(4), ints(5), groups});
    return call(("quantized::conv" + dimensions + "_prepack").c_str(), "",
                {weight, bias, ints(2), ints(3), ints(5), groups});
  }

  const TensorOf& tensor_of_;
};

}  // namespace

at::Tensor constant_tensor(const Tensor& description) {
  check(description.constant.has_value(), "a constant of a trace has values");
  graph::HostTensor host;
  host.type = description.type;
  host.shape.assign(description.shape.begin(), description.shape.end());
  host.quantization = description.quantization;
  host.bytes.resize(description.constant->byte_size());
  description.constant->copy_to(host.bytes.data());
  if (description.quantization.channel_scales.empty()) return libtorch_tensor(host);
  return at::_make_per_channel_quantized_tensor(
      at::int_repr(libtorch_tensor(host)), at::tensor(description.quantization.channel_scales, at::kDouble),
      at::tensor(description.channel_zero_points, at::kLong), description.quantization.channel_dimension);
}

IValue to_ivalue(const Value& value, const TypePtr& type, const TensorOf& tensor_of) {
  return Conversion(tensor_of).to_ivalue(value, type);
}

}  // namespace passerelle::torchscript
