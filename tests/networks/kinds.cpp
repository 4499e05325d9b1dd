#include "kinds.h"

#include <cctype>
#include <stdexcept>

namespace passerelle::tests {
namespace {

const Tensor& operand(Draft& draft, char type, size_t lowest_rank) {
  switch (type) {
    case 'f': return draft.floats(lowest_rank);
    case 'n': return draft.integers(lowest_rank);
    case 'u': return draft.numbers(lowest_rank);
    case 'b': return draft.bools(lowest_rank);
    case 'a': return draft.any(lowest_rank);
    default: throw std::logic_error("a row of a table names an unknown type of operand");
  }
}

const Tensor& operand(Draft& draft, const std::string& hole) {
  return operand(draft, hole[0], hole.size() > 1 ? static_cast<size_t>(hole[1] - '0') : 0);
}

std::string filled(Draft& draft, const std::string& hole, const Tensor& first) {
  if (hole == "x") return first.name;
  if (hole == "c") return python(draft.number(-2, 2));
  if (hole == "p") return python(draft.number(0.2, 2));
  if (hole == "k") return std::to_string(draft.between(1, 4));
  if (hole == "t") return python(draft.chance(50));
  if (hole == "y") return draft.partner(first);
  if (hole == "m") return draft.mask(first);
  if (hole == "d") return draft.written(draft.dimension(first), first);
  if (hole == "ds") return list(draft.dimensions(first));
  return operand(draft, hole).name;
}

/// "f1" of "torch.where({m}, {f1}, {y})".
std::string first_operand(const std::string& text) {
  for (size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    const std::string hole = text.substr(open + 1, text.find('}', open) - open - 1);
    if (hole.find_first_of("fnuba") == 0) return hole;
  }
  throw std::logic_error("a row of a table names no operand");
}

std::string expanded(Draft& draft, const std::string& text) {
  const std::string first_hole = first_operand(text);
  const Tensor& first = operand(draft, first_hole);
  bool first_used = false;
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t open = std::min(text.find('{', at), text.size());
    result += text.substr(at, open - at);
    if (open == text.size()) break;
    const size_t close = text.find('}', open);
    const std::string hole = text.substr(open + 1, close - open - 1);
    const bool is_first = !first_used && hole == first_hole;
    result += is_first ? first.name : filled(draft, hole, first);
    first_used |= is_first;
    at = close + 1;
  }
  return result;
}

}  // namespace

Kind kind(const Row& row) {
  const std::string text = row.text;
  return {row.name, [text](Draft& draft) { return draft.result() + " = " + expanded(draft, text); }, row.rounding};
}

std::vector<Kind> kinds(const std::vector<Row>& rows) {
  std::vector<Kind> result;
  for (const Row& row : rows) result.push_back(kind(row));
  return result;
}

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"activations", activation_kinds()}, {"arithmetic", arithmetic_kinds()}, {"images", image_kinds()},
      {"in place", in_place_kinds()},      {"integers", integer_kinds()},      {"matrices", matrix_kinds()},
      {"reductions", reduction_kinds()},   {"selections", selection_kinds()},  {"shapes", shape_kinds()}};
  return all;
}

}  // namespace passerelle::tests
