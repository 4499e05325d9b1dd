// Resizing by Lanczos' windowed sinc, which is antialiased: the filter is stretched by the ratio when it shrinks.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernel_arguments.h"
#include "kernels.h"

namespace passerelle::torchscript {
namespace {

using torch::jit::Stack;

constexpr double radius = 3;

double sinc(double x) { return x == 0 ? 1 : std::sin(M_PI * x) / (M_PI * x); }
double lanczos(double x) { return std::abs(x) < radius ? sinc(x) * sinc(x / radius) : 0; }

double ratio_of(int64_t input, int64_t output, bool align_corners, std::optional<double> scale) {
  if (align_corners) return output > 1 ? static_cast<double>(input - 1) / static_cast<double>(output - 1) : 0;
  return scale && *scale > 0 ? 1 / *scale : static_cast<double>(input) / static_cast<double>(output);
}

/// [output, input]: each output's weights of the inputs.
at::Tensor weights(int64_t input, int64_t output, double ratio) {
  const double stretch = std::max(1.0, ratio), support = radius * stretch;
  at::Tensor matrix = at::zeros({output, input}, at::kDouble);
  for (int64_t i = 0; i < output; ++i) {
    const double centre = ratio * (static_cast<double>(i) + 0.5);
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const int64_t end = std::min(static_cast<int64_t>(centre + support + 0.5), input);
    double* row = matrix.data_ptr<double>() + i * input;
    double total = 0;
    for (int64_t j = first; j < end; ++j) total += row[j] = lanczos((static_cast<double>(j) - centre + 0.5) / stretch);
    for (int64_t j = first; j < end && total != 0; ++j) row[j] /= total;
  }
  return matrix;
}

at::Tensor resized(const at::Tensor& images, const std::vector<int64_t>& size, bool align_corners,
                   std::optional<double> scale_height, std::optional<double> scale_width) {
  const int64_t height = images.size(2), width = images.size(3);
  TORCH_CHECK(size.size() == 2 && size[0] > 0 && size[1] > 0, "the output should have a height and a width");
  const at::Tensor rows = weights(height, size[0], ratio_of(height, size[0], align_corners, scale_height));
  const at::Tensor columns = weights(width, size[1], ratio_of(width, size[1], align_corners, scale_width));
  return at::matmul(rows, at::matmul(images.to(at::kDouble), columns.t())).to(images.scalar_type());
}

void lanczos_2d(Stack& stack) {
  const KernelArguments arguments(stack, 5);
  stack.emplace_back(resized(arguments.tensor(0), arguments.integers(1), arguments[2].toBool(),
                             arguments.number_or_none(3), arguments.number_or_none(4)));
}

/// (input, output_size or None, align_corners, scale_factors or None)
void lanczos_2d_by_factors(Stack& stack) {
  const KernelArguments arguments(stack, 4);
  const at::Tensor images = arguments.tensor(0);
  if (!arguments[1].isNone()) {
    stack.emplace_back(resized(images, arguments.integers(1), arguments[2].toBool(), {}, {}));
    return;
  }
  const std::vector<double> factors = arguments[3].toDoubleVector();
  TORCH_CHECK(factors.size() == 2, "there should be a factor for the height and one for the width");
  std::vector<int64_t> size;
  for (int64_t i = 0; i < 2; ++i)
    size.push_back(static_cast<int64_t>(static_cast<double>(images.size(2 + i)) * factors[static_cast<size_t>(i)]));
  stack.emplace_back(resized(images, size, arguments[2].toBool(), factors[0], factors[1]));
}

constexpr ForeignKernelRow table[] = {
    {"aten::_upsample_lanczos2d_aa", lanczos_2d},
    {"aten::_upsample_lanczos2d_aa.vec", lanczos_2d_by_factors},
};

}  // namespace

Span<const ForeignKernelRow> resize_kernels() { return table; }

}  // namespace passerelle::torchscript
