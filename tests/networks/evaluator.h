// Runs statements with LibTorch as they are made, so that a network holds only what LibTorch takes and what is well
// conditioned: each value is computed several times, the same and with small errors added to every statement before it.
// What a value makes of such errors is what it would make of NNAPI's rounding. A comparison near a tie, a rounding near
// a step, a difference of nearly equal numbers show themselves by this, and are left out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network.h"

namespace passerelle::tests {

/// Greatest difference from LibTorch, as a part of the range of an output's values.
constexpr double network_tolerance = 2e-5;

class Evaluator {
 public:
  Evaluator();
  ~Evaluator();

  /// An input or an attribute of the network; the evaluator draws its values as module.h does.
  void define(const Tensor& tensor);

  /// Fills in the statement's results: shapes, types, ranges. Else says why it may not stand in a network.
  std::string run(Statement& statement);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The first statement that LibTorch does not take or that is ill-conditioned; nothing where the network is sound.
/// Fills in the results of the statements before it.
std::optional<size_t> unsound_statement(Network& network);

}  // namespace passerelle::tests
