#include "sizes.h"

#include <limits>

namespace passerelle::nnapi {
namespace {

enum class ImageLayout { nhwc, nchw, unknown };

ImageLayout layout(const Call& call) {
  if (!call.input("nchw")) return ImageLayout::nhwc;
  const std::optional<bool> nchw = call.boolean("nchw");
  if (!nchw) return ImageLayout::unknown;
  return *nchw ? ImageLayout::nchw : ImageLayout::nhwc;
}

/// In 0 .. rank-1, or `rank` where it is none of them.
size_t counted(Call& call, std::string_view argument, int32_t axis, size_t rank) {
  const auto size = static_cast<int32_t>(rank);
  const bool exists = axis >= -size && axis < size;
  call.require(exists, std::string(name(call.operation())) + "'s " + std::string(argument) + " " +
                           std::to_string(axis) + " doesn't exist in rank " + std::to_string(rank));
  if (!exists) return rank;
  return static_cast<size_t>(axis < 0 ? axis + size : axis);
}

}  // namespace

uint32_t checked_size(Call& call, int64_t size) {
  const bool fits = size >= 0 && size <= std::numeric_limits<int32_t>::max();
  call.require(fits, std::string(name(call.operation())) + " would give a dimension of size " + std::to_string(size));
  return fits ? static_cast<uint32_t>(size) : 0;
}

uint32_t quotient(Call& call, uint32_t a, uint32_t b) {
  if (b == 0) return 0;
  call.require(a % b == 0, std::string(name(call.operation())) + " can't divide a dimension of size " +
                               std::to_string(a) + " by " + std::to_string(b));
  return a / b;
}

uint32_t agreed(Call& call, uint32_t a, uint32_t b) {
  call.require(!differ(a, b), std::string(name(call.operation())) + "'s sizes must agree, not be " + std::to_string(a) +
                                  " and " + std::to_string(b));
  return a != 0 ? a : b;
}

Sizes agreed(Call& call, const Sizes& a, const Sizes& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  call.require(a.size() == b.size(), std::string(name(call.operation())) + "'s ranks must agree, not be those of " +
                                         shape_text(a) + " and " + shape_text(b));
  Sizes result = a;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) result[i] = agreed(call, a[i], b[i]);
  return result;
}

bool broadcastable(Span<const uint32_t> a, Span<const uint32_t> b) {
  for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const uint32_t size_a = a[a.size() - i], size_b = b[b.size() - i];
    if (differ(size_a, size_b) && size_a != 1 && size_b != 1) return false;
  }
  return true;
}

Sizes broadcast(Call& call, const Sizes& a, const Sizes& b) {
  call.require(broadcastable(a, b),
               std::string(name(call.operation())) + " can't broadcast " + shape_text(a) + " and " + shape_text(b));
  if (a.empty() || b.empty()) return {};
  Sizes result = a.size() >= b.size() ? a : b;
  const Sizes& shorter = a.size() >= b.size() ? b : a;
  for (size_t i = 1; i <= shorter.size(); ++i) {
    uint32_t& size = result[result.size() - i];
    const uint32_t other = shorter[shorter.size() - i];
    // A size that is not known may be 1, and is then the other one.
    if (size == 1 || (size == 0 && other != 1)) size = other;
  }
  return result;
}

std::optional<size_t> dimension(Call& call, std::string_view argument, size_t rank) {
  const std::optional<int32_t> axis = call.integer(argument);
  if (!axis || rank == 0) return std::nullopt;
  const size_t found = counted(call, argument, *axis, rank);
  return found < rank ? std::optional(found) : std::nullopt;
}

std::optional<std::vector<bool>> dimensions(Call& call, std::string_view argument, size_t rank) {
  const std::optional<std::vector<int32_t>> axes = call.integers(argument);
  if (!axes || rank == 0) return std::nullopt;
  std::vector<bool> named(rank, false);
  for (int32_t axis : *axes)
    if (const size_t found = counted(call, argument, axis, rank); found < rank) named[found] = true;
  return named;
}

Image image(const Call& call, std::string_view input) {
  const Sizes given = call.sizes(input);
  switch (layout(call)) {
    case ImageLayout::nhwc: return {at(given, 0), at(given, 1), at(given, 2), at(given, 3)};
    case ImageLayout::nchw: return {at(given, 0), at(given, 2), at(given, 3), at(given, 1)};
    default: return {at(given, 0), 0, 0, 0};
  }
}

Sizes sizes(const Call& call, const Image& image) {
  switch (layout(call)) {
    case ImageLayout::nhwc: return {image.batches, image.height, image.width, image.channels};
    case ImageLayout::nchw: return {image.batches, image.channels, image.height, image.width};
    default: return {image.batches, 0, 0, 0};
  }
}

}  // namespace passerelle::nnapi
