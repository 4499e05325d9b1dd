#include "rearranged.h"

#include <algorithm>
#include <set>

#include "passerelle/graph/constant.h"

namespace passerelle::layers {
namespace {

using graph::Constant;
using graph::HostTensor;
using graph::Permutation;
using graph::Shape;

constexpr size_t highest_permuted_rank = 4;

Shape without_ones(const Shape& shape) {
  Shape result;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(result), [](uint32_t size) { return size != 1; });
  return result;
}

HostTensor permuted(const HostTensor& tensor, const Permutation& permutation, const Shape& shape) {
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t i = tensor.shape.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.shape[i];
  const Constant values =
      Constant(nullptr, tensor.bytes.data(), tensor.type, tensor.shape, std::move(strides)).permuted(permutation);
  HostTensor result;
  result.type = tensor.type;
  result.shape = shape;
  result.quantization = tensor.quantization;
  result.bytes.resize(tensor.bytes.size());
  values.copy_to(result.bytes.data());
  return result;
}

}  // namespace

std::vector<HostTensor> arrangements(const HostTensor& tensor, const Shape& shape) {
  if (graph::element_count(tensor.shape) != graph::element_count(shape)) return {};
  std::vector<HostTensor> result;
  Permutation permutation = graph::identity_permutation(tensor.shape.size());
  result.push_back(permuted(tensor, permutation, shape));
  if (tensor.shape.size() > highest_permuted_rank) return result;
  // Dimensions of size 1 come and go; which permutations differ shows in the order of the others.
  std::set<Permutation> seen;
  const Shape wanted = without_ones(shape);
  do {
    Permutation order;
    std::copy_if(permutation.begin(), permutation.end(), std::back_inserter(order),
                 [&](uint32_t dimension) { return tensor.shape[dimension] != 1; });
    if (!seen.insert(order).second || graph::is_identity(permutation)) continue;
    if (without_ones(graph::permuted(tensor.shape, permutation)) == wanted)
      result.push_back(permuted(tensor, permutation, shape));
  } while (std::next_permutation(permutation.begin(), permutation.end()));
  // NHWC, and then flattened.
  if (result.size() == 1 && tensor.shape.size() == 4) result.push_back(permuted(tensor, graph::nchw_to_nhwc, shape));
  return result;
}

}  // namespace passerelle::layers
