// Who reads whom, and what an operator costs on either side: what the search looks at again and again.
#pragma once

#include <cstdint>
#include <vector>

#include "passerelle/partition/cut.h"

namespace passerelle::partition {

inline uint32_t index(TensorId id) { return static_cast<uint32_t>(id); }
inline constexpr uint32_t nobody = ~uint32_t{0};

/// The tensors that an operator reads and makes, lists opened; constants left out.
std::vector<TensorId> data_read(const Trace& trace, const trace::Node& node);
std::vector<TensorId> data_made(const Trace& trace, const trace::Node& node);

struct Flow {
  Flow(const Trace& trace, const Constraints& constraints, const Costs& costs);

  struct Node {
    std::vector<TensorId> reads, makes;
    std::vector<uint32_t> before;  ///< nodes whose results it reads, and those whose order it keeps
    std::vector<uint32_t> readers;
    double cpu = 0, nnapi = 0;  ///< nanoseconds
    bool stays = false;
    uint32_t tied = 0;  ///< index into `together`
  };
  std::vector<Node> nodes;
  /// What goes or stays together, by its first member: a quantize and the dequantizes that read it. Empty for others.
  std::vector<std::vector<uint32_t>> together;
  std::vector<uint32_t> makers;              ///< of each tensor, or nobody
  std::vector<std::vector<uint32_t>> users;  ///< of each tensor, each once
  std::vector<bool> returned;                ///< whether the model's caller gets it
  std::vector<double> crossing;              ///< what a tensor costs that crosses a border, once
};

}  // namespace passerelle::partition
