// The TorchScript around PyTorch's NNAPI class: it takes float32, int32 and quint8 alone, as they lie in memory, and
// writes into tensors that exist.
#include "nnapi_part.h"

#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/frontend/sugared_value.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <sstream>

#include "archive/nnapi_calls.h"
#include "passerelle/support/check.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;

namespace {

c10::ClassTypePtr compilation_type() {
  const c10::ClassTypePtr type = torch::getCustomClass(nnapi_class);
  check(type != nullptr, "LibTorch has its NNAPI class");
  return type;
}

/// `torch`, and the class as `Compilation`: names that LibTorch's compiler leaves to whoever calls it.
class Resolver : public jit::Resolver {
 public:
  std::shared_ptr<jit::SugaredValue> resolveValue(const std::string& name, jit::GraphFunction&,
                                                  const jit::SourceRange&) override {
    if (name == "torch") return std::make_shared<jit::BuiltinModule>("aten");
    if (name == "Compilation") return std::make_shared<jit::ClassValue>(compilation_type());
    return nullptr;
  }
  c10::TypePtr resolveType(const std::string&, const jit::SourceRange&) override { return nullptr; }
};

template <typename Sizes>
std::string list(const Sizes& sizes) {
  std::string text = "[";
  for (auto size : sizes) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::string number(graph::ElementType type) {
  const auto known = scalar_type(type);
  check(known.has_value(), "a tensor at a border has a type that LibTorch knows");
  return std::to_string(static_cast<int>(*known));
}

/// As LibTorch's compiler reads it back without a loss.
std::string number(float value) {
  std::ostringstream text;
  text.precision(std::numeric_limits<double>::max_digits10);
  text << std::scientific << static_cast<double>(value);
  return text.str();
}

std::string cast(const std::string& tensor, graph::ElementType from, graph::ElementType to) {
  if (from == to) return tensor;
  return "torch.to(" + tensor + ", " + number(to) + ", False, False)";
}

/// NNAPI has no rank 0, and at most four dimensions.
bool is_reshaped(const CarriedTensor& port, const Tensor& tensor) {
  return !std::equal(port.shape.begin(), port.shape.end(), tensor.shape.begin(), tensor.shape.end());
}

std::string given(const CarriedTensor& port, const Trace& trace, size_t i) {
  const Tensor& tensor = trace[port.tensor];
  std::string text = cast("inputs[" + std::to_string(i) + "]", tensor.type, port.type);
  if (port.channels_last)
    text = "torch.permute(" + text + ", [0, 2, 3, 1])";
  else if (is_reshaped(port, tensor))
    text = "torch.reshape(" + text + ", " + list(port.shape) + ")";
  return "torch.contiguous(" + text + ")";
}

std::string allocated(const CarriedTensor& port, const Trace& trace) {
  const graph::Quantization& quantization = trace[port.tensor].quantization;
  if (graph::is_quantized(port.type))
    return "torch._empty_affine_quantized(" + list(port.shape) + ", dtype=" + number(port.type) +
           ", scale=" + number(quantization.scale) + ", zero_point=" + std::to_string(quantization.zero_point) + ")";
  return "torch.empty(" + list(port.shape) + ", dtype=" + number(port.type) + ")";
}

std::string returned(const CarriedTensor& port, const Trace& trace, size_t i) {
  const Tensor& tensor = trace[port.tensor];
  std::string text = "results[" + std::to_string(i) + "]";
  if (port.channels_last)
    text = "torch.permute(" + text + ", [0, 3, 1, 2])";
  else if (is_reshaped(port, tensor))
    text = "torch.reshape(" + text + ", " + list(tensor.shape) + ")";
  return cast(text, port.type, tensor.type);
}

std::string forward_source(const NnapiPart& part, const Trace& trace) {
  std::string inputs, allocations, outputs;
  for (size_t i = 0; i < part.inputs.size(); ++i) inputs += (i > 0 ? ", " : "") + given(part.inputs[i], trace, i);
  for (size_t i = 0; i < part.outputs.size(); ++i) {
    allocations += (i > 0 ? ", " : "") + allocated(part.outputs[i], trace);
    outputs += (i > 0 ? ", " : "") + returned(part.outputs[i], trace, i);
  }
  const std::string init =
      part.relax_fp16 ? "init2(self.ser_model, self.weights, 2, True)" : "init(self.ser_model, self.weights)";
  return "def forward(self, inputs: List[Tensor]) -> List[Tensor]:\n"
         "  compiled = self.comp\n"
         "  if compiled is None:\n"
         "    made = Compilation()\n"
         "    made." +
         init +
         "\n"
         "    self.comp = made\n"
         "    compiled = made\n"
         "  results = [" +
         allocations +
         "]\n"
         "  compiled.run([" +
         inputs +
         "], results)\n"
         "  return [" +
         outputs + "]\n";
}

at::Tensor words_tensor(const std::vector<int32_t>& words) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(words.size())}, at::kInt);
  std::memcpy(tensor.data_ptr(), words.data(), words.size() * sizeof(int32_t));
  return tensor;
}

at::Tensor bytes_tensor(const std::vector<unsigned char>& bytes) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(bytes.size())}, at::kByte);
  std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

}  // namespace

void define_nnapi_part(jit::Module& module, const NnapiPart& part, const Trace& trace) {
  c10::List<at::Tensor> weights;
  for (const std::vector<unsigned char>& buffer : part.buffers) weights.push_back(bytes_tensor(buffer));
  module.register_attribute("training", c10::BoolType::get(), false);
  module.register_buffer("ser_model", words_tensor(part.words));
  module.register_attribute("weights", c10::ListType::ofTensors(), weights);
  // It can't be saved: made at the first call, None before it.
  module.register_attribute("comp", c10::OptionalType::create(compilation_type()), c10::IValue());
  module.define(forward_source(part, trace), std::make_shared<Resolver>());
}

void define_checks(jit::Module& root) {
  root.define(
      "def _expect_tensor(self, x: Tensor, shape: List[int], dtype: int, name: str) -> Tensor:\n"
      "  assert x.size() == shape and x.dtype == dtype, 'the input {} has shape {} and dtype {}: this module was "
      "converted for {} and {}'.format(name, x.size(), x.dtype, shape, dtype)\n"
      "  return x\n"
      "def _expect_number(self, given: float, wanted: float, name: str) -> float:\n"
      "  assert given == wanted, '{} is {}: this module was converted for {}'.format(name, given, wanted)\n"
      "  return given\n",
      std::make_shared<Resolver>());
}

}  // namespace passerelle::torchscript
