// What a comparison of a file with its model, operation by operation, has found.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/shape.h"
#include "passerelle/verify/comparison.h"

namespace passerelle::verify {

struct Layer {
  uint32_t operation = 0;  ///< index in the file
  std::string name;        ///< NNAPI's: "CONV_2D"
  graph::Shape shape;      ///< of its output, as NNAPI has it
  graph::Origin origin;
  std::string op;           ///< the operator whose result it was compared with; empty: not compared
  graph::Origin op_origin;  ///< and where that stands
  std::optional<Comparison> comparison;
  float step = 0;       ///< of quantized results: what one step of their integers stands for
  std::string why_not;  ///< why it was not compared
};

struct Layers {
  std::vector<Layer> layers;        ///< one an operation, in the order of the file
  std::optional<size_t> first_bad;  ///< the first whose difference exceeds its limit
  size_t compared() const {
    return static_cast<size_t>(
        std::count_if(layers.begin(), layers.end(), [](const Layer& layer) { return layer.comparison.has_value(); }));
  }
};

}  // namespace passerelle::verify
