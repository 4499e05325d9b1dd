// Writes: in place, through views, and under Python's own control flow.
#include "kinds.h"

namespace passerelle::tests {
namespace {

/// A copy of a float, and lines that change it: $ stands for the copy.
std::string changed(Draft& draft, const Tensor& x, const std::string& lines) {
  std::string text = draft.result() + " = " + x.name + ".clone()";
  for (size_t at = 0; at < lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    std::string line = lines.substr(at, end - at);
    for (size_t hole = line.find('$'); hole != line.npos; hole = line.find('$')) line.replace(hole, 1, draft.result());
    text += "\n" + line;
    at = end + 1;
  }
  return text;
}

std::string activation(Draft& draft) {
  return changed(draft, draft.floats(),
                 draft.one_of({"$.relu_()", "$.sigmoid_()", "$.tanh_()", "$.clamp_(-0.5, 0.5)", "$.neg_()",
                               "$.abs_().add_(0.5).sqrt_()", "torch.leaky_relu_($, 0.2)", "torch.relu_($)"}));
}

/// A constant that broadcasts to the tensor.
std::string operand(Draft& draft, const Tensor& x) {
  Shape shape = x.shape;
  for (int64_t& size : shape)
    if (draft.chance(30)) size = 1;
  return draft.constant(shape, -2, 2);
}

std::string arithmetic(Draft& draft) {
  const Tensor& x = draft.floats();
  const std::string y = operand(draft, x);
  const std::string line = draft.one_of({"$.add_(", "$.sub_(", "$.mul_(", "$ += (", "$ *= ("}) + y + ")";
  return changed(draft, x, line + (draft.chance(40) ? "\n$ -= 0.5" : ""));
}

std::string fill(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const std::string line =
      write("$.masked_fill_({}, {})", draft.constant(x.shape, 0, 2, ElementType::bool8), draft.number(-1, 1));
  return changed(draft, x, line);
}

/// A write into one place or range of a dimension.
std::string write_into(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t dimension = draft.dimension(x), extent = x.shape[static_cast<size_t>(dimension)],
                begin = draft.below(extent), end = draft.between(begin + 1, extent);
  std::string place;
  for (int64_t i = 0; i < dimension; ++i) place += ":, ";
  place += draft.chance(40) ? std::to_string(begin) : write("{}:{}", begin, end);
  const std::string line = draft.one_of({"$[{}] = {}", "$[{}] += {}", "$[{}] *= {}", "$[{}] = $[{}] * 2.0 + {}"});
  const std::string value = python(draft.number(-1, 1));
  if (line.find("= $") != line.npos) return changed(draft, x, format(line, {place, place, value}));
  return changed(draft, x, format(line, {place, value}));
}

std::string write_through_view(Draft& draft) {
  const Tensor& x = draft.floats(2);
  const std::string view = draft.local("t");
  const std::string made = draft.one_of({"$.view(-1)", "$.transpose(0, 1)", "$.unsqueeze(0)", "$.select(0, 0)",
                                         "$[..., ::2]", "$.flatten(0, 1)", "$.transpose(0, -1)[0]"});
  const std::string line =
      draft.one_of({".add_(1.0)", ".mul_(0.5)", ".clamp_(-0.25, 0.25)", ".zero_()", ".fill_(0.3)"});
  return changed(draft, x, view + " = " + made + "\n" + view + line);
}

/// The view is read after its base was written.
std::string read_view_after_write(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const std::string base = draft.local("t"), view = draft.local("u");
  return write("{} = {}.clone()\n{} = {}[{}:]\n{}.mul_({})\n", base, x, view, base, draft.below(x.shape[0]), base,
               draft.number(-2, 2)) +
         assign(draft, "{} + 0.5", view);
}

std::string copy(Draft& draft) {
  const Tensor& x = draft.floats();
  return changed(draft, x, "$.copy_(" + operand(draft, x) + " + " + x.name + ")");
}

std::string loop(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const std::string sum = draft.local("t"), i = draft.local("i");
  return write("{} = {}[0]\nfor {} in range(1, {}.size(0)):\n  {} = {} * 0.5 + {}[{}]\n", sum, x, i, x, sum, sum, x,
               i) +
         assign(draft, "{} + 0.0", sum);
}

std::string branch(Draft& draft) {
  const Tensor& x = draft.floats(1);
  return write("if {}.size({}) > {}:\n  {} = {} * 0.5\nelse:\n  {} = {} + 0.5", x, draft.dimension(x),
               draft.between(1, 4), draft.result(), x, draft.result(), x);
}

}  // namespace

std::vector<Kind> in_place_kinds() {
  return {{"activation in place", activation},
          {"arithmetic in place", arithmetic},
          {"masked_fill in place", fill, exact},
          {"write into a part", write_into},
          {"write through a view", write_through_view},
          {"read a view after a write", read_view_after_write},
          {"copy", copy},
          {"loop", loop},
          {"branch", branch}};
}

}  // namespace passerelle::tests
