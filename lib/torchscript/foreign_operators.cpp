#include "foreign_operators.h"

#include <torch/csrc/jit/runtime/operator.h>

#include <mutex>
#include <set>
#include <stdexcept>

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

// From torchvision's and newer PyTorch's documentation and schemas. None of them can be called.
constexpr const char* schemas[] = {
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
    "int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w, int groups, int offset_groups, bool use_mask) "
    "-> Tensor",
    "torchvision::_interpolate_bilinear2d_aa(Tensor input, int[] output_size, bool align_corners) -> Tensor",
    "torchvision::_interpolate_bicubic2d_aa(Tensor input, int[] output_size, bool align_corners) -> Tensor",
    "torchvision::_cuda_version() -> int",
    "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, "
    "float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
    "aten::rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
    "aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)",
    "aten::nonzero_static(Tensor self, *, int size, int fill_value=-1) -> Tensor",
    "aten::sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()",
};

class Registry {
 public:
  bool add(const std::string& schema) {
    const std::string name = schema.substr(0, schema.find('('));
    const std::lock_guard<std::mutex> lock(mutex_);
    const size_t dot = name.find('.');
    const std::string overload = dot == name.npos ? "" : name.substr(dot + 1);
    if (jit::findOperatorFor({name.substr(0, dot), overload}) != nullptr) return false;
    jit::registerOperator(jit::Operator(
        schema, [name](jit::Stack&) { throw std::runtime_error("this LibTorch has no operator " + name); },
        c10::AliasAnalysisKind::FROM_SCHEMA));
    names_.insert(name);
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

}  // namespace

void register_foreign_operators() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const char* schema : schemas) registry().add(schema);
  });
}

bool register_unheard_of_operator(const std::string& name) { return registry().add(name + "(...) -> Tensor"); }

bool is_foreign(const std::string& op, const std::string& overload) {
  return registry().has(overload.empty() ? op : op + "." + overload);
}

}  // namespace passerelle::torchscript
