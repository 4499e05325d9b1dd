// Where along the network the loss comes from.
#pragma once

#include <vector>

#include "passerelle/calibration/quantize.h"
#include "side_by_side.h"

namespace passerelle::calibration {

/// For each operation of the float graph a ratio in dB; nothing where it has no integers.
using Ratios = std::vector<std::optional<double>>;

/// The operation's result against the float one where all before it is integers: what has come together so far.
Expected<Ratios> accumulated_ratios(const Choice& choice, const IntegerGraph& made, const Samples& samples,
                                    const Options& options, const passes::Target& target);

/// The same where it is fed with the floats' own numbers: what it loses itself.
Expected<Ratios> single_ratios(const Choice& choice, const Samples& samples, const Options& options,
                               const passes::Target& target);

/// Of the network's outputs (the worst of them) where this operation alone computes in integers: what its loss comes to
/// in the end. Operations that only move elements are not tried.
Expected<Ratios> sensitivities(const Choice& choice, const graph::Module& reference, const Samples& samples,
                               const Options& options, const passes::Target& target);

}  // namespace passerelle::calibration
