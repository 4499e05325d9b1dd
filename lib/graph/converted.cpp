#include "passerelle/graph/converted.h"

#include "passerelle/graph/constant.h"

namespace passerelle::graph {

HostTensor converted(const HostTensor& tensor, ElementType type) {
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t i = tensor.shape.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.shape[i];
  const Constant view(nullptr, tensor.bytes.data(), tensor.type, tensor.shape, std::move(strides));
  HostTensor result{type, tensor.shape, {}, {}};
  result.bytes.resize(element_count(tensor.shape) * byte_size(type));
  view.converted(type).copy_to(result.bytes.data());
  return result;
}

}  // namespace passerelle::graph
