// Which operations compute in integers, and at which scales.
#pragma once

#include <map>
#include <vector>

#include "integer_forms.h"
#include "observation.h"
#include "passerelle/calibration/options.h"

namespace passerelle::calibration {

/// For each operation of a float graph what it is on integers; Role::floats where it stays.
using Roles = std::vector<Role>;

/// `floats`: operations that are to stay, by index. Others stay where integers would not pay: arithmetic all of whose
/// neighbours on one side are floats (a normalisation, a formula around EXP) belongs to these.
Roles choose_roles(const graph::Graph& graph, const std::vector<bool>& floats);

/// The integers that each float operand becomes where an operation makes or reads it as such.
using Scales = std::map<graph::OperandId, graph::TensorType>;

/// Operands whose scales NNAPI ties are seen as one. `level`: what it demands differs.
Scales choose_scales(const graph::Graph& graph, const Roles& roles, const Observations& seen, const Options& options,
                     nnapi::FeatureLevel level);

}  // namespace passerelle::calibration
