#include "kinds.h"

namespace passerelle::tests {
namespace {

std::string prelu(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t channels = x.shape.size() < 2 ? 1 : x.shape[1];
  return assign(draft, "torch.prelu({}, {})", x, draft.constant({draft.chance(50) ? 1 : channels}, -0.5, 1.5));
}

std::string glu(Draft& draft) {
  const Tensor& x = draft.floats(1);
  const int64_t dimension = draft.dimension(x);
  if (x.shape[static_cast<size_t>(dimension)] % 2 != 0) throw Unfit{};
  return assign(draft, "torch.glu({}, {})", x, draft.written(dimension, x));
}

}  // namespace

std::vector<Kind> activation_kinds() {
  std::vector<Kind> all = kinds({
      {"relu", "torch.relu({f})", exact},
      {"relu6", "torch.relu6({f} * 3.0)"},
      {"hardtanh", "torch.hardtanh({f}, -1.0, 1.0)", exact},
      {"hardtanh limits", "torch.hardtanh({f}, -{p}, {p})", exact},
      {"clamp", "torch.clamp({f}, -{p}, {p})", exact},
      {"clamp low", "torch.clamp({f}, min={c})", exact},
      {"clamp high", "torch.clamp({f}, max={c})", exact},
      {"threshold", "torch.threshold({f}, {c}, {c})", exact},
      {"leaky_relu", "torch.leaky_relu({f}, 0.1)"},
      {"elu", "torch.elu({f}, {p})"},
      {"selu", "torch.selu({f})"},
      {"celu", "torch.celu({f}, {p})"},
      {"sigmoid", "torch.sigmoid({f})"},
      {"tanh", "torch.tanh({f})"},
      {"hardsigmoid", "torch.hardsigmoid({f})"},
      {"hardswish", "torch.hardswish({f})"},
      {"silu", "torch.silu({f})"},
      {"gelu", "torch.gelu({f})"},
      {"gelu tanh", "torch.gelu({f}, approximate='tanh')"},
      {"mish", "torch.mish({f})"},
      {"softplus", "torch.softplus({f}, {p}, 20.0)"},
      {"log_sigmoid", "torch.log_sigmoid({f})"},
      {"softshrink", "torch.softshrink({f}, {p})"},
      {"hardshrink", "torch.hardshrink({f}, {p})", exact},
      {"softsign", "{f} / (1.0 + {x}.abs())"},
      {"softmax", "torch.softmax({f1}, {d})"},
      {"log_softmax", "torch.log_softmax({f1}, {d})"},
      {"masked softmax", "torch.softmax({f1}.masked_fill({m}, -10.0), {d})"},
  });
  all.push_back({"prelu", prelu});
  all.push_back({"glu", glu});
  return all;
}

}  // namespace passerelle::tests
