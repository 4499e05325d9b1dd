// Products of matrices, attention, recurrent layers.
#include <cmath>

#include "kinds.h"

namespace passerelle::tests {
namespace {

std::string weights(Draft& draft, const Shape& shape, int64_t inputs) {
  const double limit = std::round(200 / std::sqrt(static_cast<double>(inputs))) / 100;
  return draft.constant(shape, -limit, limit);
}

std::string linear(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t inputs = x.shape.back(), outputs = draft.between(1, 8);
  const std::string matrix = weights(draft, {outputs, inputs}, inputs);
  return assign(draft, "torch.linear({}, {}, {})", x, matrix, draft.chance(70) ? draft.constant({outputs}) : "None");
}

std::string flatten_linear(Draft& draft) {
  const Tensor& x = draft.floats(2);
  int64_t inputs = 1;
  for (size_t i = 1; i < x.shape.size(); ++i) inputs *= x.shape[i];
  const int64_t outputs = draft.between(1, 8);
  const std::string matrix = weights(draft, {outputs, inputs}, inputs);
  return assign(draft, "torch.linear({}.flatten(1), {}, {})", x, matrix, draft.constant({outputs}));
}

std::string addmm(Draft& draft) {
  const Tensor& x = draft.floats(2, 2);
  const int64_t outputs = draft.between(1, 6);
  const std::string matrix = weights(draft, {x.shape[1], outputs}, x.shape[1]);
  return assign(draft, "torch.addmm({}, {}, {}, beta={}, alpha={})", draft.constant({outputs}), x, matrix,
                draft.number(0, 2), draft.number(0.5, 2));
}

std::string matmul_by_constant(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const bool left = x.shape.size() > 1 && draft.chance(40);
  const int64_t inputs = left ? x.shape[x.shape.size() - 2] : x.shape.back(), outputs = draft.between(1, 6);
  const std::string matrix = weights(draft, left ? Shape{outputs, inputs} : Shape{inputs, outputs}, inputs);
  return left ? assign(draft, "torch.matmul({}, {})", matrix, x) : assign(draft, "{} @ {}", x, matrix);
}

std::string matmul_with_itself(Draft& draft) {
  const Tensor& x = draft.floats(2);
  if (draft.chance(50)) return assign(draft, "torch.matmul({}, {}.transpose(-2, -1)) * 0.3", x, x);
  return assign(draft, "torch.matmul({}.transpose(-1, -2), {}) * 0.3", x, x);
}

std::string matmul(Draft& draft) {
  const Tensor& x = draft.floats(2);
  const Tensor& y = draft.value([&](const Tensor& each) {
    return each.type == ElementType::float32 && each.shape.size() >= 2 &&
           each.shape[each.shape.size() - 2] == x.shape.back();
  });
  return assign(draft, "torch.matmul({}, {}) * 0.3", x, y);
}

std::string bmm(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const std::string matrix = weights(draft, {x.shape[0], x.shape[2], draft.between(1, 5)}, x.shape[2]);
  return assign(draft, "torch.bmm({}, {})", x, matrix);
}

std::string baddbmm(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const int64_t outputs = draft.between(1, 5);
  const std::string matrix = weights(draft, {x.shape[0], x.shape[2], outputs}, x.shape[2]);
  return assign(draft, "torch.baddbmm({}, {}, {}, beta=0.5, alpha=2)", draft.constant({1, x.shape[1], outputs}), x,
                matrix);
}

std::string einsum(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const std::string matrix = weights(draft, {x.shape[1], draft.between(1, 5)}, x.shape[1]);
  return assign(draft, "torch.einsum('{}', [{}, {}])", draft.one_of({"bij,ik->bkj", "bij,ik->bjk", "bij,ik->jbk"}), x,
                matrix);
}

/// As models write it: one matrix for queries, keys and values, heads by reshape and permute over rank 5.
std::string attention(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  const int64_t batch = x.shape[0], length = x.shape[1], width = x.shape[2], heads = draft.between(1, 3),
                each = draft.between(1, 4);
  const std::string matrix = weights(draft, {3 * heads * each, width}, width),
                    bias = draft.constant({3 * heads * each});
  const std::string t = draft.local("t"), q = draft.local("q"), k = draft.local("k"), v = draft.local("u");
  return write("{} = torch.linear({}, {}, {}).reshape({}, {}, 3, {}, {}).permute(2, 0, 3, 1, 4)\n", t, x, matrix, bias,
               batch, length, heads, each) +
         write("{}, {}, {} = {}.unbind(0)\n", q, k, v, t) +
         write("{} = ({} * {}) @ {}.transpose(-2, -1)\n", t, q, 0.5, k) +
         assign(draft, "(torch.softmax({}, -1) @ {}).transpose(1, 2).reshape({}, {}, {})", t, v, batch, length,
                heads * each);
}

std::string window_attention(Draft& draft) {
  const Tensor& x = draft.floats(4);
  const Shape& s = x.shape;
  if (s[2] % 2 != 0 || s[3] % 2 != 0) throw Unfit{};
  const std::string windows = draft.local("t");
  return write("{} = {}.view({}, {}, {}, 2, {}, 2).permute(0, 2, 4, 3, 5, 1).reshape({}, 4, {})\n", windows, x, s[0],
               s[1], s[2] / 2, s[3] / 2, s[0] * s[2] * s[3] / 4, s[1]) +
         write("{} = torch.softmax({} @ {}.transpose(1, 2), -1) @ {}\n", windows, windows, windows, windows) +
         assign(draft, "{}.view({}, {}, {}, 2, 2, {}).permute(0, 1, 3, 2, 4, 5).reshape({}, {}, {}, {})", windows, s[0],
                s[2] / 2, s[3] / 2, s[1], s[0], s[2], s[3], s[1]);
}

std::string recurrent(Draft& draft) {
  const Tensor& x = draft.floats(3, 3);
  if (x.shape[0] > 6) throw Unfit{};
  const int64_t batch = x.shape[1], width = x.shape[2], hidden = draft.between(1, 4);
  const bool lstm = draft.chance(50);
  const int64_t rows = (lstm ? 4 : 3) * hidden;
  std::string parameters;
  for (const Shape& shape : {Shape{rows, width}, Shape{rows, hidden}, Shape{rows}, Shape{rows}})
    parameters += (parameters.empty() ? "" : ", ") + draft.constant(shape);
  const std::string state = draft.constant({1, batch, hidden});
  if (lstm)
    return write("{}, {}, {} = torch.lstm({}, [{}, {}], [{}], True, 1, 0.0, False, False, False)", draft.result(),
                 draft.local("h"), draft.local("c"), x, state, state, parameters);
  return write("{}, {} = torch.gru({}, {}, [{}], True, 1, 0.0, False, False, False)", draft.result(), draft.local("h"),
               x, state, parameters);
}

}  // namespace

std::vector<Kind> matrix_kinds() {
  return {{"linear", linear},
          {"flatten and linear", flatten_linear},
          {"addmm", addmm},
          {"matmul by a constant", matmul_by_constant},
          {"matmul with itself", matmul_with_itself},
          {"matmul", matmul},
          {"bmm", bmm},
          {"baddbmm", baddbmm},
          {"einsum", einsum},
          {"attention", attention},
          {"window attention", window_attention},
          {"lstm and gru", recurrent}};
}

}  // namespace passerelle::tests
