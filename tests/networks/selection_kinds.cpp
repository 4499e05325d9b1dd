// Parts of tensors, and tensors put together.
#include <algorithm>

#include "kinds.h"

namespace passerelle::tests {
namespace {

const Tensor& subject(Draft& draft, size_t lowest_rank) {
  return draft.chance(80) ? draft.floats(lowest_rank) : draft.any(lowest_rank);
}

int64_t size(const Tensor& x, int64_t dimension) { return x.shape[static_cast<size_t>(dimension)]; }

std::string slice(Draft& draft) {
  const Tensor& x = subject(draft, 1);
  std::string ranges;
  for (int64_t extent : x.shape) {
    const int64_t begin = draft.below(extent), end = draft.between(begin + 1, extent);
    std::string range = ":";
    if (draft.chance(60)) range = write("{}:{}", draft.chance(30) ? begin - extent : begin, end);
    if (draft.chance(25)) range += ":" + std::to_string(draft.between(1, 3));
    if (draft.chance(10)) range = std::to_string(begin);
    ranges += (ranges.empty() ? "" : ", ") + range;
  }
  return assign(draft, "{}[{}]", x, ranges);
}

std::string select(Draft& draft) {
  const Tensor& x = subject(draft, 1);
  const int64_t dimension = draft.dimension(x);
  return assign(draft, "torch.select({}, {}, {})", x, draft.written(dimension, x), draft.below(size(x, dimension)));
}

std::string narrow(Draft& draft) {
  const Tensor& x = subject(draft, 1);
  const int64_t dimension = draft.dimension(x), begin = draft.below(size(x, dimension));
  return assign(draft, "torch.narrow({}, {}, {}, {})", x, draft.written(dimension, x), begin,
                draft.between(1, size(x, dimension) - begin));
}

std::string concatenate(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t dimension = draft.dimension(x);
  auto fits = [&](const Tensor& each) {
    if (each.type != x.type || each.shape.size() != x.shape.size()) return false;
    for (size_t i = 0; i < x.shape.size(); ++i)
      if (each.shape[i] != x.shape[i] && static_cast<int64_t>(i) != dimension) return false;
    return true;
  };
  std::string parts = x.name;
  for (int64_t i = draft.between(1, 2); i > 0; --i) {
    const std::string part = draft.chance(25) ? draft.constant(x.shape) : draft.value(fits).name;
    parts = draft.chance(50) ? parts + ", " + part : part + ", " + parts;
  }
  return assign(draft, "torch.cat([{}], {})", parts, draft.written(dimension, x));
}

std::string stack(Draft& draft) {
  const Tensor& x = draft.floats(0, 3);
  const Tensor& y = draft.value([&](const Tensor& each) { return each.type == x.type && each.shape == x.shape; });
  return assign(draft, "torch.stack([{}, {}], {})", x, y, draft.below(static_cast<int64_t>(x.shape.size()) + 1));
}

std::string split(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t dimension = draft.dimension(x);
  if (size(x, dimension) < 2) throw Unfit{};
  const int64_t first = draft.between(1, size(x, dimension) - 1), last = size(x, dimension) - first;
  const std::string parts = draft.chance(50) ? write("torch.split({}, [{}, {}], {})", x, first, last, dimension)
                                             : write("torch.chunk({}, 2, {})", x, dimension);
  const std::string name = draft.local("t");
  return write("{} = {}\n{}, {} = {}[0], {}[1]", name, parts, draft.result(), draft.result(1), name, name);
}

std::string unbind(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t dimension = draft.dimension(x);
  return assign(draft, "torch.unbind({}, {})[{}]", x, draft.written(dimension, x), draft.below(size(x, dimension)));
}

std::string index_select(Draft& draft) {
  const Tensor& x = subject(draft, 1);
  const int64_t dimension = draft.dimension(x);
  const std::string indices =
      draft.constant({draft.between(1, 5)}, 0, static_cast<double>(size(x, dimension)), ElementType::int64);
  if (draft.chance(50)) return assign(draft, "torch.index_select({}, {}, {})", x, dimension, indices);
  std::string places = ":, ";
  for (int64_t i = 1; i < dimension; ++i) places += ":, ";
  return assign(draft, "{}[{}{}]", x, dimension == 0 ? "" : places, indices);
}

std::string gather(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t dimension = draft.dimension(x);
  Shape shape = x.shape;
  shape[static_cast<size_t>(dimension)] = draft.between(1, 4);
  return assign(draft, "torch.gather({}, {}, {})", x, draft.written(dimension, x),
                draft.constant(shape, 0, static_cast<double>(size(x, dimension)), ElementType::int64));
}

std::string computed_index(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const Tensor& at = draft.integers(0, 1);
  return assign(draft, "{}[torch.clamp({}, 0, {}).long()]", x, at, x.shape[0] - 1);
}

std::string roll(Draft& draft) {
  const Tensor& x = draft.floats(1);
  return assign(draft, "torch.roll({}, [{}], [{}])", x, draft.between(-2, 3), draft.written(draft.dimension(x), x));
}

std::string topk(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t dimension = draft.dimension(x);
  return write("{}, {} = torch.topk({}, {}, {}, {})", draft.result(), draft.result(1), x,
               draft.between(1, size(x, dimension)), draft.written(dimension, x), draft.chance(70));
}

std::string unfold(Draft& draft) {
  const Tensor& x = draft.floats(1, 3);
  const int64_t dimension = draft.dimension(x);
  return assign(draft, "{}.unfold({}, {}, {})", x, dimension, draft.between(1, size(x, dimension)),
                draft.between(1, 2));
}

std::string triangle(Draft& draft) {
  return assign(draft, "torch.{}({}, {})", draft.one_of({"tril", "triu"}), draft.floats(2), draft.between(-1, 1));
}

}  // namespace

std::vector<Kind> selection_kinds() {
  std::vector<Kind> all = kinds({
      {"flip", "torch.flip({f1}, {ds})", exact},
      {"sort", "torch.sort({f1}, {d}, {t})[0]", exact},
      {"rot90", "torch.rot90({f2}, {k})", exact},
  });
  for (const Kind& kind :
       {Kind{"slice", slice, exact}, Kind{"select", select, exact}, Kind{"narrow", narrow, exact},
        Kind{"cat", concatenate, exact}, Kind{"stack", stack, exact}, Kind{"split", split, exact},
        Kind{"unbind", unbind, exact}, Kind{"index_select", index_select, exact}, Kind{"gather", gather, exact},
        Kind{"computed index", computed_index, exact}, Kind{"roll", roll, exact},
        Kind{"topk", topk, Rounding::picks_ties}, Kind{"unfold", unfold, exact}, Kind{"triangle", triangle, exact}})
    all.push_back(kind);
  return all;
}

}  // namespace passerelle::tests
