#include "kinds.h"

namespace passerelle::tests {
namespace {

std::string cosine_similarity(Draft& draft) {
  const Tensor& x = draft.floats(1);
  return assign(draft, "torch.cosine_similarity({}, {}, {})", x, draft.constant(x.shape, -2, 2),
                draft.written(draft.dimension(x), x));
}

std::string extreme_with_indices(Draft& draft) {
  const Tensor& x = draft.floats(1);
  return write("{}, {} = torch.{}({}, {}, {})", draft.result(), draft.result(1), draft.one_of({"max", "min"}), x,
               draft.written(draft.dimension(x), x), draft.chance(50));
}

}  // namespace

std::vector<Kind> reduction_kinds() {
  std::vector<Kind> all = kinds({
      {"mean", "torch.mean({f1}, {ds}, {t})"},
      {"mean of all", "{f}.mean()"},
      {"sum", "torch.sum({f1}, {ds}, {t})"},
      {"sum of all", "{f}.sum()"},
      {"prod", "torch.prod({f1}, {d}, {t})"},
      {"amax", "torch.amax({f1}, {ds}, {t})", exact},
      {"amin", "torch.amin({f1}, {ds}, {t})", exact},
      {"max of all", "torch.max({f})", exact},
      {"var", "torch.var({f1}, {ds}, False, {t})"},
      {"std", "torch.std({f1}, {ds}, unbiased=False, keepdim={t}) + 0.0"},
      {"norm", "torch.norm({f1}, 2, {ds}, {t})"},
      {"norm 1", "torch.norm({f1}, 1, {ds}, {t})"},
      {"normalise", "{f1} / torch.clamp(torch.norm({x}, 2, {ds}, True), min=1.0)"},
      {"logsumexp", "torch.logsumexp({f1}, {ds}, {t})"},
      {"argmax", "torch.argmax({f1}, {d}, {t})", exact},
      {"argmin", "torch.argmin({f1}, {d}, {t})", exact},
      {"any", "torch.any({b1}, {d}, {t})", exact},
      {"all", "torch.all({b1}, {d}, {t})", exact},
      {"count", "{b1}.sum({d})", exact},
      {"int mean", "{n1}.float().mean({d})"},
      {"cumsum", "torch.cumsum({f1}, {d})"},
      {"standardise", "({f1} - {x}.mean({ds}, True)) * {p}"},
  });
  all.push_back({"cosine_similarity", cosine_similarity});
  all.push_back({"max with indices", extreme_with_indices, exact});
  return all;
}

}  // namespace passerelle::tests
