// Arithmetic on sizes of which some are not known (0).
#pragma once

#include <algorithm>
#include <string>

#include "../call.h"

namespace passerelle::nnapi {

/// Of dimension `i`; 0 where the rank is not known.
inline uint32_t at(Span<const uint32_t> sizes, size_t i) { return i < sizes.size() ? sizes[i] : 0; }

/// What was computed as a size: a number of elements that a tensor can have.
uint32_t checked_size(Call& call, int64_t size);

inline uint32_t product(Call& call, uint32_t a, uint32_t b) { return checked_size(call, int64_t{a} * b); }

/// Where `a` must be a multiple of `b`.
uint32_t quotient(Call& call, uint32_t a, uint32_t b);

/// One size where both are said of the same dimension.
uint32_t agreed(Call& call, uint32_t a, uint32_t b);
Sizes agreed(Call& call, const Sizes& a, const Sizes& b);

/// Trailing dimensions are aligned, like NumPy's: equal, or one of them 1.
bool broadcastable(Span<const uint32_t> a, Span<const uint32_t> b);
Sizes broadcast(Call& call, const Sizes& a, const Sizes& b);

/// A scalar argument that names one of `rank` dimensions, the last one being -1; nothing where it is not known.
std::optional<size_t> dimension(Call& call, std::string_view argument, size_t rank);
/// The same of a list of them. Each stands there once.
std::optional<std::vector<bool>> dimensions(Call& call, std::string_view argument, size_t rank);

/// A 4-d image, seen as NHWC whatever its layout. Nothing is known where its layout is not.
struct Image {
  uint32_t batches = 0;
  uint32_t height = 0;
  uint32_t width = 0;
  uint32_t channels = 0;
};
Image image(const Call& call, std::string_view input = "input");
/// As the operation's layout has it.
Sizes sizes(const Call& call, const Image& image);

}  // namespace passerelle::nnapi
