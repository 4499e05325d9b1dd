// Integers and bools: comparisons, logic, arithmetic that stays small, and what they index.
#include "kinds.h"

namespace passerelle::tests {
namespace {

std::string embedding(Draft& draft) {
  const Tensor& words = draft.integers(0, 3);
  const int64_t count = draft.between(3, 9);
  return assign(draft, "torch.embedding({}, torch.clamp({}, 0, {}).long())",
                draft.constant({count, draft.between(1, 6)}), words, count - 1);
}

std::string one_hot(Draft& draft) {
  const Tensor& words = draft.integers(0, 3);
  const int64_t count = draft.between(3, 6);
  return assign(draft, "torch.one_hot(torch.clamp({}, 0, {}).long(), {}).float()", words, count - 1, count);
}

}  // namespace

std::vector<Kind> integer_kinds() {
  std::vector<Kind> all = kinds({
      {"greater", "{f} > {y}", exact},
      {"less", "torch.lt({f}, {c})", exact},
      {"greater_equal", "torch.ge({u}, {y})", exact},
      {"less_equal", "{u} <= {y}", exact},
      {"equal", "{n} == {y}", exact},
      {"not equal to a number", "{n} != {k}", exact},
      {"bool equal", "{b} == {y}", exact},
      {"logical_and", "torch.logical_and({b}, {y})", exact},
      {"logical_or", "{b} | {y}", exact},
      {"logical_xor", "torch.logical_xor({b}, {y})", exact},
      {"logical_not", "~{b}", exact},
      {"int add", "{n} + {y}", exact},
      {"int sub", "{n} - {y}", exact},
      {"int mul", "{n} * {y}", exact},
      {"int add a number", "{n} + {k}", exact},
      {"int by a number", "{n} * {k}", exact},
      {"int neg", "-{n}", exact},
      {"int abs", "torch.abs({n})", exact},
      {"int minimum", "torch.minimum({n}, {y})", exact},
      {"int maximum", "torch.maximum({n}, {y})", exact},
      {"int clamp", "torch.clamp({n}, -{k}, {k})", exact},
      {"int floor_divide", "{n} // {k}", exact},
      {"int remainder", "{n} % {k}", exact},
      {"int where", "torch.where({m}, {n}, {x} + 1)", exact},
      {"int masked_fill", "{n}.masked_fill({m}, {k})", exact},
      {"to int", "torch.round({f} * 2.0).int()", exact},
      {"to long", "({f} * 4.0).long()", exact},
      {"bool to int", "{b}.int()", exact},
      {"to bool", "{n} > 0", exact},
      {"isnan", "torch.isnan({f}) | ({x} > 0)", exact},
  });
  all.push_back({"embedding", embedding, exact});
  all.push_back({"one_hot", one_hot, exact});
  return all;
}

}  // namespace passerelle::tests
