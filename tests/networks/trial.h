// One network, converted for one target, run by the host NNAPI and compared with LibTorch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network.h"

namespace passerelle::tests {

struct Target {
  int feature_level = 4;
  bool inputs_channels_last = false;  ///< of floats of rank 4
  bool outputs_channels_last = false;
};

std::string to_text(const Target& target);

enum class Verdict { agrees, refused, fails };

struct Outcome {
  Verdict verdict = Verdict::agrees;
  std::string text;                    ///< what is refused, or what went wrong
  std::vector<std::string> operators;  ///< that were refused
};

Outcome attempt(const Network& network, const Target& target);

}  // namespace passerelle::tests
