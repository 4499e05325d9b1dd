#include "foreign_operators.h"

#include <torch/csrc/jit/runtime/operator.h>

#include <mutex>
#include <set>
#include <stdexcept>

#include "foreign_kernels.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;

struct ForeignOperator {
  const char* schema;
  ForeignKernel kernel;  // none: it can't be called
};

// From torchvision's and newer PyTorch's documentation.
constexpr ForeignOperator foreign_operators[] = {
    {"torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor", nms},
    {"torchvision::roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
     "int sampling_ratio, bool aligned) -> Tensor",
     nullptr},
    {"torchvision::roi_pool(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width) -> "
     "(Tensor, Tensor)",
     nullptr},
    {"torchvision::ps_roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
     "int sampling_ratio) -> (Tensor, Tensor)",
     nullptr},
    {"torchvision::ps_roi_pool(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width) -> "
     "(Tensor, Tensor)",
     nullptr},
    {"torchvision::deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, int stride_h, "
     "int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w, int groups, int offset_groups, bool "
     "use_mask) "
     "-> Tensor",
     nullptr},
    {"torchvision::_interpolate_bilinear2d_aa(Tensor input, int[] output_size, bool align_corners) -> Tensor", nullptr},
    {"torchvision::_interpolate_bicubic2d_aa(Tensor input, int[] output_size, bool align_corners) -> Tensor", nullptr},
    {"torchvision::_cuda_version() -> int", nullptr},
    {"aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, "
     "float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
     scaled_dot_product_attention},
    {"aten::rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor", rms_norm},
    {"aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)", squeeze_dims},
    {"aten::nonzero_static(Tensor self, *, int size, int fill_value=-1) -> Tensor", nullptr},
    {"aten::sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()", nullptr},
};

class Registry {
 public:
  bool add(const std::string& schema, ForeignKernel kernel = nullptr) {
    const std::string name = schema.substr(0, schema.find('('));
    const std::lock_guard<std::mutex> lock(mutex_);
    const size_t dot = name.find('.');
    const std::string overload = dot == name.npos ? "" : name.substr(dot + 1);
    if (jit::findOperatorFor({name.substr(0, dot), overload}) != nullptr) return false;
    jit::Operation operation = [name](jit::Stack&) {
      throw std::runtime_error("this LibTorch has no operator " + name);
    };
    if (kernel != nullptr) operation = kernel;
    jit::registerOperator(jit::Operator(schema, std::move(operation), c10::AliasAnalysisKind::FROM_SCHEMA));
    if (kernel == nullptr) names_.insert(name);
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
    for (const ForeignOperator& row : foreign_operators) registry().add(row.schema, row.kernel);
  });
}

bool register_unheard_of_operator(const std::string& name) { return registry().add(name + "(...) -> Tensor"); }

bool is_foreign(const std::string& op, const std::string& overload) {
  return registry().has(overload.empty() ? op : op + "." + overload);
}

}  // namespace passerelle::torchscript
