// Views, permutations, broadcasting.
#include <algorithm>
#include <functional>
#include <numeric>

#include "kinds.h"

namespace passerelle::tests {
namespace {

int64_t elements(const Tensor& x) {
  return std::accumulate(x.shape.begin(), x.shape.end(), int64_t{1}, std::multiplies<>());
}

/// Integers and bools are rarer: most of NNAPI's moving operations take floats alone.
const Tensor& subject(Draft& draft, size_t lowest_rank) {
  return draft.chance(75) ? draft.floats(lowest_rank) : draft.any(lowest_rank);
}

/// Another shape of as many elements.
Shape reshaped(Draft& draft, const Tensor& x) {
  int64_t left = elements(x);
  Shape shape;
  const int64_t rank = draft.between(1, 4);
  for (int64_t i = 1; i < rank; ++i) {
    std::vector<int64_t> divisors;
    for (int64_t size = 1; size <= std::min<int64_t>(left, 12); ++size)
      if (left % size == 0) divisors.push_back(size);
    shape.push_back(divisors[static_cast<size_t>(draft.below(static_cast<int64_t>(divisors.size())))]);
    left /= shape.back();
  }
  shape.push_back(left);
  return shape;
}

std::string reshape(Draft& draft) {
  const Tensor& x = subject(draft, 0);
  Shape shape = reshaped(draft, x);
  if (draft.chance(40)) shape[static_cast<size_t>(draft.below(static_cast<int64_t>(shape.size())))] = -1;
  return assign(draft, "{}.reshape({})", x, shape);
}

std::string flatten(Draft& draft) {
  const Tensor& x = subject(draft, 1);
  const int64_t first = draft.dimension(x), last = draft.between(first, static_cast<int64_t>(x.shape.size()) - 1);
  return assign(draft, "torch.flatten({}, {}, {})", x, draft.written(first, x), draft.written(last, x));
}

std::string unflatten(Draft& draft) {
  const Tensor& x = draft.value([](const Tensor& each) {
    return each.shape.size() < 4 &&
           std::any_of(each.shape.begin(), each.shape.end(), [](int64_t s) { return s % 2 == 0; });
  });
  std::vector<int64_t> even;
  for (size_t i = 0; i < x.shape.size(); ++i)
    if (x.shape[i] % 2 == 0) even.push_back(static_cast<int64_t>(i));
  const int64_t at = even[static_cast<size_t>(draft.below(static_cast<int64_t>(even.size())))];
  return assign(draft, "{}.unflatten({}, {})", x, at, draft.chance(50) ? Shape{2, -1} : Shape{-1, 2});
}

std::vector<int64_t> permutation(Draft& draft, size_t rank) {
  std::vector<int64_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = 0; i + 1 < rank; ++i)
    std::swap(order[i], order[i + static_cast<size_t>(draft.below(static_cast<int64_t>(rank - i)))]);
  return order;
}

std::string permute(Draft& draft) {
  const Tensor& x = subject(draft, 2);
  return assign(draft, "{}.permute({})", x, permutation(draft, x.shape.size()));
}

std::string transpose(Draft& draft) {
  const Tensor& x = subject(draft, 2);
  return assign(draft, "{}.transpose({}, {}){}", x, draft.written(draft.dimension(x), x),
                draft.written(draft.dimension(x), x), draft.one_of({"", ".contiguous()"}));
}

/// Reshape, permute and reshape over more dimensions than NNAPI has.
std::string shuffle(Draft& draft) {
  const Tensor& x = draft.floats(3);
  Shape split;
  for (int64_t size : x.shape) {
    if (size % 2 == 0 && draft.chance(60)) {
      split.push_back(draft.chance(50) ? 2 : size / 2);
      size /= split.back();
    }
    split.push_back(size);
  }
  if (split.size() > 6) throw Unfit{};
  const size_t a = static_cast<size_t>(draft.below(static_cast<int64_t>(split.size()) - 1));
  std::vector<int64_t> order(split.size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[a], order[a + 1]);
  return assign(draft, "{}.reshape({}).permute({}).reshape({})", x, split, order, reshaped(draft, x));
}

std::string expand(Draft& draft) {
  const Tensor& x = draft.any(0, 3);
  Shape shape = x.shape;
  for (int64_t& size : shape) size = size == 1 && draft.chance(60) ? draft.between(2, 4) : -1;
  if (draft.chance(50)) shape.insert(shape.begin(), draft.between(1, 3));
  if (shape.empty()) shape = {2};
  return assign(draft, "{}.expand({}){}", x, shape, draft.one_of({"", ".contiguous()"}));
}

std::string repeat(Draft& draft) {
  const Tensor& x = draft.floats(0, 4);
  std::vector<int64_t> times;
  for (size_t i = 0; i < std::max<size_t>(x.shape.size(), 1); ++i) times.push_back(draft.between(1, 2));
  if (times.size() < 4 && draft.chance(30)) times.insert(times.begin(), 2);
  return assign(draft, "{}.repeat({})", x, times);
}

}  // namespace

std::vector<Kind> shape_kinds() {
  std::vector<Kind> all = kinds({
      {"unsqueeze", "{a}.unsqueeze(0)", exact},
      {"unsqueeze at the end", "{f}.unsqueeze(-1)", exact},
      {"squeeze", "{a1}.squeeze({d})", exact},
      {"squeeze all", "{f1}.squeeze()", exact},
      {"movedim", "torch.movedim({f1}, {d}, {d})", exact},
      {"t", "{f2}.mT", exact},
      {"clone", "{a}.clone()", exact},
      {"repeat_interleave", "torch.repeat_interleave({f1}, 2, {d})", exact},
  });
  for (const Kind& kind :
       {Kind{"reshape", reshape, exact}, Kind{"flatten", flatten, exact}, Kind{"unflatten", unflatten, exact},
        Kind{"permute", permute, exact}, Kind{"transpose", transpose, exact}, Kind{"shuffle", shuffle, exact},
        Kind{"expand", expand, exact}, Kind{"repeat", repeat, exact}})
    all.push_back(kind);
  return all;
}

}  // namespace passerelle::tests
