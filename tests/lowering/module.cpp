#include "module.h"

#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/frontend/sugared_value.h>
#include <torch/script.h>

#include <memory>
#include <random>
#include <stdexcept>

#include "foreign/operators.h"

namespace passerelle::tests {
namespace {

at::ScalarType scalar_type(ElementType type) {
  switch (type) {
    case ElementType::float32: return at::kFloat;
    case ElementType::float64: return at::kDouble;
    case ElementType::float16: return at::kHalf;
    case ElementType::bfloat16: return at::kBFloat16;
    case ElementType::int32: return at::kInt;
    case ElementType::int64: return at::kLong;
    case ElementType::uint8: return at::kByte;
    case ElementType::bool8: return at::kBool;
    case ElementType::quint8: return at::kByte;  // the integers
    case ElementType::qint8: return at::kChar;
    default: throw std::runtime_error("tests make no tensors of this type");
  }
}

/// FNV-1a, so that each tensor of a case has values of its own.
uint32_t seed_of(const Tensor& tensor) {
  uint32_t hash = 2166136261u;
  for (char character : tensor.name) hash = (hash ^ static_cast<unsigned char>(character)) * 16777619u;
  for (int64_t size : tensor.shape) hash = (hash ^ static_cast<uint32_t>(size)) * 16777619u;
  return hash;
}

at::Tensor torch_tensor(const Tensor& tensor) {
  at::Tensor values = at::empty(tensor.shape, at::kDouble);
  std::mt19937 generator(seed_of(tensor));
  // The distributions of the standard library differ between implementations; the generator does not.
  for (int64_t i = 0; i < values.numel(); ++i)
    values.data_ptr<double>()[i] = tensor.low + (tensor.high - tensor.low) * (generator() / 4294967296.0);
  if (!graph::is_floating_point(tensor.type)) values.floor_();
  return values.to(scalar_type(tensor.type));
}

/// `torch.` for operators of aten; for those of other libraries the name of their own.
struct Namespaces : torch::jit::NativeResolver {
  std::shared_ptr<torch::jit::SugaredValue> resolveValue(const std::string& name, torch::jit::GraphFunction& function,
                                                         const torch::jit::SourceRange& place) override {
    if (name == "quantized" || name == "prepacked" || name == "quantized_decomposed")
      return std::make_shared<torch::jit::BuiltinModule>(name);
    return NativeResolver::resolveValue(name, function, place);
  }
};

/// What stands before each of these in a traced model's archive is a tensor.
constexpr const char* with_numbers[] = {
    "aten::add(Tensor self, Scalar other, Scalar alpha) -> Tensor",
    "aten::sub(Tensor self, Scalar other, Scalar alpha) -> Tensor",
    "aten::mul(Tensor self, Scalar other) -> Tensor",
    "aten::div(Tensor self, Scalar other) -> Tensor",
};

void trace_numbers(torch::jit::Graph& graph) {
  for (torch::jit::Node* node : graph.nodes())
    for (const char* schema : with_numbers) {
      if (!node->matches(schema)) continue;
      const at::Scalar number = torch::jit::toIValue(node->input(1))->toScalar();
      const torch::jit::WithInsertPoint before(node);
      const at::ScalarType type = number.isFloatingPoint() ? at::kDouble : at::kLong;
      node->replaceInput(1, graph.insertConstant(at::scalar_tensor(number, type)));
      break;
    }
}

}  // namespace

graph::HostTensor values_of(const Tensor& tensor) {
  const at::Tensor values = torch_tensor(tensor);
  graph::HostTensor result;
  result.type = tensor.type;
  result.quantization.scale = tensor.scale;
  result.quantization.zero_point = tensor.zero_point;
  result.shape.assign(tensor.shape.begin(), tensor.shape.end());
  const auto* bytes = static_cast<const unsigned char*>(values.data_ptr());
  result.bytes.assign(bytes, bytes + values.nbytes());
  return result;
}

void save_module(const Case& test, const std::string& path) {
  torch::jit::Module module("Case");
  for (const Tensor& attribute : test.attributes) module.register_buffer(attribute.name, torch_tensor(attribute));
  std::string parameters = "self";
  for (const Tensor& input : test.inputs) parameters += ", " + input.name;
  const std::string source = "def forward(" + parameters + "):\n  " + test.body + "\n";
  torchscript::register_foreign_operators();
  torchscript::register_operators_of_releases(torchscript::operators_named_in(source));
  try {
    module.define(source, std::make_shared<Namespaces>());
    if (test.traced_numbers) trace_numbers(*module.get_method("forward").graph());
    module.eval();
    module.save(path);
  } catch (const std::exception& error) {
    throw std::runtime_error("TorchScript refuses\n" + source + error.what());
  }
}

}  // namespace passerelle::tests
