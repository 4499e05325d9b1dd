#pragma once

#include <string>

#include "archive_probe.h"

namespace passerelle::torchscript {

/// The releases of PyTorch that write such an archive, as no archive names its own: "PyTorch 2.1 or later".
std::string writer_of(const Archive& archive);

}  // namespace passerelle::torchscript
