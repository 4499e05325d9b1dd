#include "view.h"

#include <algorithm>
#include <string_view>

#include "passerelle/support/check.h"

namespace passerelle::torchscript {
namespace {

using c10::IValue;
using Kind = View::Kind;

struct ViewOperator {
  std::string_view name;
  Kind kind;
};

// Which kind of view an operator makes where it does not copy. Those that make several are sorted out by their strides.
constexpr ViewOperator view_operators[] = {
    {"aten::view", Kind::reshape},
    {"aten::reshape", Kind::reshape},
    {"aten::flatten", Kind::reshape},
    {"aten::unflatten", Kind::reshape},
    {"aten::view_as", Kind::reshape},
    {"aten::reshape_as", Kind::reshape},
    {"aten::squeeze", Kind::reshape},
    {"aten::unsqueeze", Kind::reshape},
    {"aten::_unsafe_view", Kind::reshape},
    {"aten::ravel", Kind::reshape},
    {"aten::permute", Kind::permute},
    {"aten::transpose", Kind::permute},
    {"aten::t", Kind::permute},
    {"aten::numpy_T", Kind::permute},
    {"aten::mT", Kind::permute},
    {"aten::swapaxes", Kind::permute},
    {"aten::swapdims", Kind::permute},
    {"aten::movedim", Kind::permute},
    {"aten::moveaxis", Kind::permute},
    {"aten::select", Kind::select},
    {"aten::unbind", Kind::select},
    {"aten::slice", Kind::slice},
    {"aten::narrow", Kind::slice},
    {"aten::split", Kind::slice},
    {"aten::chunk", Kind::slice},
    {"aten::unsafe_chunk", Kind::slice},
    {"aten::unsafe_split", Kind::slice},
    {"aten::tensor_split", Kind::slice},
    {"aten::split_with_sizes", Kind::slice},
    {"aten::unsafe_split_with_sizes", Kind::slice},
    {"aten::expand", Kind::expand},
    {"aten::expand_as", Kind::expand},
    {"aten::broadcast_to", Kind::expand},
};

bool same_geometry(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.strides() == b.strides() && a.storage_offset() == b.storage_offset() &&
         a.scalar_type() == b.scalar_type();
}

std::optional<int64_t> dimension_argument(const c10::FunctionSchema& schema, const std::vector<IValue>& arguments,
                                          int64_t rank) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (schema.arguments()[i].name() != "dim" || !arguments[i].isInt()) continue;
    const int64_t dimension = arguments[i].toInt();
    return dimension < 0 ? dimension + rank : dimension;
  }
  return std::nullopt;
}

// The permutation is read off the strides. Dimensions of size 1 and equal strides are told apart by running the
// operator on a tensor whose sizes all differ.
View permutation_view(const c10::FunctionSchema& schema, const std::vector<IValue>& arguments,
                      const at::Tensor& parent) {
  View view;
  std::vector<int64_t> sizes(static_cast<size_t>(parent.dim()));
  for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = static_cast<int64_t>(i) + 2;
  std::vector<IValue> stack = arguments;
  stack[0] = at::zeros({}).expand(sizes);
  const auto op = torch::jit::findOperatorFor(schema.operator_name());
  if (op == nullptr) return view;
  op->getOperation()(stack);
  view.kind = Kind::permute;
  for (int64_t size : stack.back().toTensor().sizes()) view.permutation.push_back(size - 2);
  return view;
}

View part_view(Kind kind, int64_t dimension, const at::Tensor& parent, const at::Tensor& result) {
  View view;
  const int64_t stride = parent.stride(dimension);
  const int64_t distance = result.storage_offset() - parent.storage_offset();
  if (result.numel() == 0 || (stride == 0 && distance != 0)) return view;
  view.dimension = dimension;
  view.begin = stride == 0 ? 0 : distance / stride;
  view.kind = kind;
  if (kind == Kind::slice) {
    const int64_t count = result.size(dimension);
    view.step = count > 1 && stride != 0 ? result.stride(dimension) / stride : 1;
    view.end = view.begin + (count - 1) * view.step + 1;
  }
  return view;
}

Node node_of(const char* op, const char* overload, std::vector<std::pair<std::string, Value>> arguments) {
  Node node;
  node.op = op;
  node.overload = overload;
  node.arguments = std::move(arguments);
  return node;
}

Value int_list(const std::vector<int64_t>& numbers) {
  std::vector<Value> elements;
  for (int64_t number : numbers) elements.push_back({number});
  return {std::move(elements)};
}

Node permute_node(TensorId tensor, const std::vector<int64_t>& permutation) {
  return node_of("aten::permute", "", {{"self", {tensor}}, {"dims", int_list(permutation)}});
}

}  // namespace

View classify_view(const c10::FunctionSchema& schema, const std::vector<IValue>& arguments, const at::Tensor& parent,
                   const at::Tensor& result) {
  View view;
  if (same_geometry(parent, result)) {
    view.kind = Kind::same;
    return view;
  }
  const auto* row = std::find_if(std::begin(view_operators), std::end(view_operators),
                                 [&](const ViewOperator& candidate) { return candidate.name == schema.name(); });
  if (row == std::end(view_operators) || parent.scalar_type() != result.scalar_type()) return view;
  switch (row->kind) {
    case Kind::permute: return permutation_view(schema, arguments, parent);
    case Kind::select:
    case Kind::slice:
      return part_view(row->kind, dimension_argument(schema, arguments, parent.dim()).value_or(0), parent, result);
    default: view.kind = row->kind; return view;
  }
}

Node reshape_node(TensorId tensor, const std::vector<int64_t>& shape) {
  return node_of("aten::reshape", "", {{"self", {tensor}}, {"shape", int_list(shape)}});
}

bool can_be_repeated(const View& view) { return view.kind != Kind::unknown; }

bool can_be_scattered(const View& view) { return view.kind != Kind::unknown && view.kind != Kind::expand; }

Node view_node(const View& view, TensorId parent, const std::vector<int64_t>& result_shape) {
  switch (view.kind) {
    case Kind::reshape: return reshape_node(parent, result_shape);
    case Kind::permute: return permute_node(parent, view.permutation);
    case Kind::select:
      return node_of("aten::select", "int", {{"self", {parent}}, {"dim", {view.dimension}}, {"index", {view.begin}}});
    case Kind::slice:
      return node_of("aten::slice", "Tensor",
                     {{"self", {parent}},
                      {"dim", {view.dimension}},
                      {"start", {view.begin}},
                      {"end", {view.end}},
                      {"step", {view.step}}});
    case Kind::expand:
      return node_of("aten::expand", "", {{"self", {parent}}, {"size", int_list(result_shape)}, {"implicit", {false}}});
    case Kind::same:
    case Kind::select_computed:
    case Kind::unknown: break;
  }
  check(false, "this kind of view is made again by an operator");
  return {};
}

Node scatter_node(const View& view, TensorId parent, const std::vector<int64_t>& parent_shape, TensorId child) {
  switch (view.kind) {
    case Kind::reshape: return reshape_node(child, parent_shape);
    case Kind::permute: {
      std::vector<int64_t> inverse(view.permutation.size());
      for (size_t i = 0; i < inverse.size(); ++i)
        inverse[static_cast<size_t>(view.permutation[i])] = static_cast<int64_t>(i);
      return permute_node(child, inverse);
    }
    case Kind::select:
      return node_of("aten::select_scatter", "",
                     {{"self", {parent}}, {"src", {child}}, {"dim", {view.dimension}}, {"index", {view.begin}}});
    case Kind::slice:
      return node_of("aten::slice_scatter", "",
                     {{"self", {parent}},
                      {"src", {child}},
                      {"dim", {view.dimension}},
                      {"start", {view.begin}},
                      {"end", {view.end}},
                      {"step", {view.step}}});
    default: break;
  }
  check(false, "this kind of view is put back by an operator");
  return {};
}

}  // namespace passerelle::torchscript
