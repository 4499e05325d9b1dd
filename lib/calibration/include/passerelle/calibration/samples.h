// The samples that a model is calibrated with: what its users will hand to it.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/graph/host_tensor.h"
#include "passerelle/support/expected.h"

namespace passerelle::calibration {

/// A tensor for each input of the model, in its order, as PyTorch has them.
using Sample = std::vector<graph::HostTensor>;

/// How a picture becomes a float32 tensor of 1 x channels x height x width: (value / 255 - mean) / deviation.
struct ImageOptions {
  std::array<double, 3> mean{0, 0, 0};
  std::array<double, 3> deviation{1, 1, 1};
  bool is_bgr = false;                   ///< of the tensor's channels; files are RGB
  bool stretches = false;                ///< to the input's size, instead of cutting the centre out
  std::optional<unsigned> shorter_side;  ///< before the centre is cut out; none: as small as it can be
};

class Samples {
 public:
  /// What `path` holds, in the order of names; `most`: so many of them, evenly spread.
  ///   * a folder of .npy files, or of .png, .jpg and .jpeg pictures: a sample each, of a model with one input
  ///   * a folder of folders: a sample each, with INPUT_NAME.npy in it for each input
  ///   * a .npy file with one dimension more in front: its samples
  /// Errors: `usage` where nothing fits, `unreadable`; each names the file.
  static Expected<Samples> open(const std::string& path, const std::vector<graph::Port>& inputs,
                                const ImageOptions& images, std::optional<size_t> most);

  size_t count() const { return sources_.size(); }
  /// At most so many of them, evenly spread.
  Samples some(size_t most) const;
  Expected<Sample> read(size_t index) const;
  /// Where a sample comes from, for messages.
  const std::string& name(size_t index) const { return sources_[index].name; }

 private:
  struct Source {
    std::string name;
    std::function<Expected<Sample>()> read;
  };
  std::vector<Source> sources_;
};

}  // namespace passerelle::calibration
