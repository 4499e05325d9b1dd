#include "operators.h"

#include <torch/csrc/jit/frontend/function_schema_parser.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "kernels.h"
#include "release_schemas.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;
using c10::Argument;
using c10::FunctionSchema;
using c10::IValue;

// From torchvision's documentation, and from torch.export's quantization, whose operators are written in Python.
constexpr const char* library_schemas[] = {
    "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
    "torchvision::roi_pool(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width) -> "
    "(Tensor, Tensor)",
    "torchvision::ps_roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio) -> (Tensor, Tensor)",
    "torchvision::ps_roi_pool(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width) -> "
    "(Tensor, Tensor)",
    "torchvision::deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, int stride_h, "
    "int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w, int groups, int offset_groups, bool "
    "use_mask) -> Tensor",
    "torchvision::_interpolate_bilinear2d_aa(Tensor input, int[] output_size, bool align_corners) -> Tensor",
    "torchvision::_interpolate_bicubic2d_aa(Tensor input, int[] output_size, bool align_corners) -> Tensor",
    "torchvision::_cuda_version() -> int",
    "quantized_decomposed::quantize_per_tensor(Tensor input, float scale, int zero_point, int quant_min, "
    "int quant_max, ScalarType dtype) -> Tensor",
    "quantized_decomposed::quantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor zero_point, int quant_min, "
    "int quant_max, ScalarType dtype) -> Tensor",
    "quantized_decomposed::quantize_per_tensor.tensor2(Tensor input, Tensor scale, Tensor zero_point, "
    "Tensor quant_min, Tensor quant_max, ScalarType dtype) -> Tensor",
    "quantized_decomposed::dequantize_per_tensor(Tensor input, float scale, int zero_point, int quant_min, "
    "int quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
    "quantized_decomposed::dequantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor zero_point, int quant_min, "
    "int quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
    "quantized_decomposed::dequantize_per_tensor.tensor2(Tensor input, Tensor scale, Tensor zero_point, "
    "Tensor quant_min, Tensor quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
    "quantized_decomposed::choose_qparams.tensor(Tensor input, int quant_min, int quant_max, float eps, "
    "ScalarType dtype) -> (Tensor, Tensor)",
    "quantized_decomposed::choose_qparams_symmetric.tensor(Tensor input, int quant_min, int quant_max, float eps, "
    "ScalarType dtype) -> (Tensor, Tensor)",
    "quantized_decomposed::quantize_per_channel(Tensor input, Tensor scales, Tensor zero_points, int axis, "
    "int quant_min, int quant_max, ScalarType dtype) -> Tensor",
    "quantized_decomposed::dequantize_per_channel(Tensor input, Tensor scales, Tensor? zero_points, int axis, "
    "int quant_min, int quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
};

std::string full_name(const std::string& op, const std::string& overload) {
  return overload.empty() ? op : op + "." + overload;
}

class Registry {
 public:
  /// False where the operator is known already.
  bool add(const c10::OperatorName& name, jit::Operator op, bool can_run) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (jit::findOperatorFor(name) != nullptr) return false;
    jit::registerOperator(std::move(op));
    if (!can_run) names_.insert(full_name(name.name, name.overload_name));
    return true;
  }
  bool has(const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return names_.count(name) != 0;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

// LibTorch's own registry belongs to the process; this says which of its entries are ours.
Registry& registry() {
  static Registry instance;
  return instance;
}

constexpr c10::AliasAnalysisKind as_written = c10::AliasAnalysisKind::FROM_SCHEMA;

bool add(const std::string& schema) {
  const std::string name = schema.substr(0, schema.find('('));
  const size_t dot = name.find('.');
  const c10::OperatorName parts(name.substr(0, dot), dot == name.npos ? "" : name.substr(dot + 1));
  if (const ForeignKernel kernel = foreign_kernel(name))
    return registry().add(parts, jit::Operator(schema, jit::Operation(kernel), as_written), true);
  const jit::Operation refusal = [name](jit::Stack&) {
    throw std::runtime_error("this LibTorch has no operator " + name);
  };
  return registry().add(parts, jit::Operator(schema, refusal, as_written), false);
}

// --- Operators that other releases have with other arguments.

std::string type_name(const Argument& argument) {
  std::string name = argument.type()->str();
  for (size_t at = name.find("SymInt"); at != name.npos; at = name.find("SymInt", at)) name.replace(at, 6, "int");
  return name;
}

const Argument* find(const FunctionSchema& schema, const Argument& wanted) {
  for (const Argument& argument : schema.arguments())
    if (argument.name() == wanted.name()) return &argument;
  return nullptr;
}

/// Whether whatever suits `wanted` suits `known` too.
bool takes_all_of(const FunctionSchema& known, const FunctionSchema& wanted) {
  return std::all_of(wanted.arguments().begin(), wanted.arguments().end(), [&](const Argument& argument) {
    const Argument* same = find(known, argument);
    return same != nullptr && type_name(*same) == type_name(argument) &&
           (!argument.default_value() || same->default_value());
  });
}

bool is_default(const Argument& argument, const IValue& value) {
  const auto usual = argument.default_value();
  return usual ? *usual == value : value.isNone();
}

/// A call in the wanted form as one in the form that this LibTorch has.
class Translation {
 public:
  Translation(FunctionSchema wanted, std::shared_ptr<jit::Operator> known)
      : wanted_(std::move(wanted)), known_(std::move(known)) {}

  void operator()(jit::Stack& stack) const {
    const size_t count = wanted_.arguments().size();
    if (stack.size() < count) throw std::runtime_error("too few arguments for " + wanted_.name());
    const std::vector<IValue> given(stack.end() - static_cast<std::ptrdiff_t>(count), stack.end());
    stack.resize(stack.size() - count);
    for (size_t i = 0; i < count; ++i)
      if (find(known_->schema(), wanted_.arguments()[i]) == nullptr && !is_default(wanted_.arguments()[i], given[i]))
        throw LackingForm("this LibTorch has the operator without the argument '" + wanted_.arguments()[i].name() +
                          "'");
    for (const Argument& argument : known_->schema().arguments()) stack.push_back(value_of(argument, given));
    known_->getOperation()(stack);
  }

 private:
  IValue value_of(const Argument& argument, const std::vector<IValue>& given) const {
    for (size_t i = 0; i < given.size(); ++i)
      if (wanted_.arguments()[i].name() == argument.name()) return converted(given[i], type_name(argument));
    if (argument.default_value()) return *argument.default_value();
    throw LackingForm("this LibTorch wants the argument '" + argument.name() + "' for the operator");
  }

  static IValue converted(const IValue& value, const std::string& type) {
    if (!value.isDouble() || type.find("int") == type.npos) return value;
    const auto whole = static_cast<int64_t>(value.toDouble());
    if (static_cast<double>(whole) != value.toDouble())
      throw LackingForm("this LibTorch takes whole numbers alone where the operator has a fraction");
    return whole;
  }

  FunctionSchema wanted_;
  std::shared_ptr<jit::Operator> known_;
};

void add_form(const FunctionSchema& wanted, std::shared_ptr<jit::Operator> known) {
  const std::string overload =
      (wanted.overload_name().empty() ? "" : wanted.overload_name() + "_") + "of_another_release";
  registry().add({wanted.name(), overload},
                 jit::Operator(wanted.name(), overload, wanted.arguments(), wanted.returns(),
                               Translation(wanted, std::move(known)), as_written),
                 true);
}

void add_of_release(const std::string& schema) {
  if (add(schema)) return;
  const FunctionSchema wanted = jit::parseSchema(schema);
  std::shared_ptr<jit::Operator> known = jit::findOperatorFor(wanted.operator_name());
  if (known != nullptr && !takes_all_of(known->schema(), wanted)) add_form(wanted, std::move(known));
}

}  // namespace

void register_foreign_operators() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const char* schema : library_schemas) add(schema);
  });
}

void register_operators_of_releases(const std::set<std::string>& ops) {
  for (const std::string& op : ops)
    for (std::string_view schema : release_schemas_of(op)) add_of_release(std::string(schema));
}

bool register_unheard_of_operator(const std::string& name) { return add(name + "(...) -> Tensor"); }

bool is_foreign(const std::string& op, const std::string& overload) { return registry().has(full_name(op, overload)); }

}  // namespace passerelle::torchscript
