// The float graph on all samples: what comes out of each of its operations.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "passerelle/calibration/options.h"
#include "passerelle/calibration/samples.h"
#include "passerelle/graph/graph.h"
#include "passerelle/support/expected.h"
#include "statistics.h"

namespace passerelle::calibration {

using Observations = std::map<graph::OperandId, Statistics>;

/// Of every float32 operand that is no constant, inputs too. `floats` is finished but for the last pass
/// (passes::optimise). All are seen in one run of each sample where their buffers fit into `most_bytes`, else in as
/// many as it takes.
Expected<Observations> observe(const graph::Module& floats, const Samples& samples, const Options& options,
                               size_t most_bytes = size_t{512} << 20);

}  // namespace passerelle::calibration
