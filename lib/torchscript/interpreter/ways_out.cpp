#include "ways_out.h"

#include "passerelle/graph/ways_out.h"
#include "passerelle/trace/refusals.h"

namespace passerelle::torchscript {
namespace {

namespace way_out = graph::way_out;

struct WayOutOf {
  std::string_view op;
  const char* way_out;
};

constexpr WayOutOf of_dynamic_shapes[] = {
    {"aten::index", way_out::mask_elements},         {"aten::masked_select", way_out::mask_elements},
    {"aten::nonzero", way_out::mask_elements},       {"aten::nonzero_numpy", way_out::mask_elements},
    {"aten::argwhere", way_out::mask_elements},      {"aten::where", way_out::choose},
    {"aten::one_hot", way_out::num_classes},         {"aten::_pack_padded_sequence", way_out::padded},
    {"aten::_pad_packed_sequence", way_out::padded},
};

constexpr std::string_view of_pytorch[] = {"aten", "prim", "quantized", "prepacked"};

}  // namespace

std::string way_out_of_dynamic_shape(std::string_view op) {
  for (const WayOutOf& row : of_dynamic_shapes)
    if (row.op == op) return row.way_out;
  return way_out::cut_before;
}

std::string way_out_of_number(std::string_view op) {
  return op == "aten::select" ? way_out::index_select : way_out::mask_beyond;
}

UnknownOperator unknown_operator(const std::string& op, bool is_of_nested_tensors, bool is_lacking) {
  if (is_of_nested_tensors) return {"it works on nested tensors, which NNAPI lacks", way_out::without_nested};
  const std::string library = op.substr(0, op.find("::"));
  bool is_of_pytorch = false;
  for (std::string_view each : of_pytorch) is_of_pytorch = is_of_pytorch || each == library;
  if (!is_of_pytorch)
    return {"it belongs to '" + library + "', a library beside PyTorch, and no rewrite of it is known",
            way_out::cut_before};
  if (const trace::Refusal* refusal = trace::refusal_of(op))
    return {std::string(refusal->why), refusal->way_out == nullptr ? way_out::other_operators : refusal->way_out};
  if (is_lacking) return {"this version of LibTorch does not have the operator", way_out::other_operators};
  return {"the operator is not on the list of those that may run", way_out::other_operators};
}

}  // namespace passerelle::torchscript
