#include "alternatives.h"

#include <map>

namespace passerelle::lowering {
namespace {

constexpr const char* in_the_app =
    "leave it to the app: end the model before it, or make its result an input of the model";

const std::map<std::string_view, const char*>& alternatives() {
  static const std::map<std::string_view, const char*> table = {
      {"aten::logcumsumexp", "torch.log(torch.cumsum(torch.exp(x), dim)), where exp does not overflow"},
      {"aten::_cdist_forward", "torch.sqrt(((x.unsqueeze(-2) - y.unsqueeze(-3)) ** 2).sum(-1))"},
      {"aten::fft_rfft", "two matrix products with constant cosines and sines: x @ self.cosines, x @ self.sines"},
      {"aten::fft_fft", "two matrix products with constant cosines and sines: x @ self.cosines, x @ self.sines"},
      {"aten::stft", "conv1d with the windowed cosines and sines as constant filters, or do it in the app"},
  };
  return table;
}

}  // namespace

std::string alternative(std::string_view op) {
  const auto row = alternatives().find(op);
  return row == alternatives().end() ? in_the_app : row->second;
}

}  // namespace passerelle::lowering
