// The checksums of zip files, which LibTorch does not look at.
#pragma once

#include <cstdint>

#include "passerelle/support/span.h"

namespace passerelle::torchscript {

/// Of `data` behind bytes whose checksum is `before`.
uint32_t crc32(Span<const unsigned char> data, uint32_t before = 0);

/// The same without instructions that not all processors have.
uint32_t plain_crc32(Span<const unsigned char> data, uint32_t before = 0);

}  // namespace passerelle::torchscript
