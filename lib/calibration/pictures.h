// Pictures as tensors.
#pragma once

#include <string>

#include "passerelle/calibration/samples.h"

namespace passerelle::calibration {

/// By the file's name: .png, .jpg, .jpeg.
bool is_picture(const std::string& path);

/// Errors: `unreadable` for what is no picture, `usage` where the input does not take one: it is float32 or uint8 of
/// 1 x 3 x H x W or 1 x 1 x H x W.
Expected<graph::HostTensor> read_picture(const std::string& path, const graph::Port& input,
                                         const ImageOptions& options);

/// Rows of pixels of `channels` bytes.
struct Picture {
  unsigned width = 0, height = 0, channels = 3;
  std::vector<float> values;  ///< 0 to 255
};

/// A triangle over as many pixels as become one: what torchvision and PIL call bilinear with antialiasing.
Picture resized(const Picture& picture, unsigned width, unsigned height);
Picture centre_of(const Picture& picture, unsigned width, unsigned height);

}  // namespace passerelle::calibration
