// --min-api and --feature-level.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "passerelle/nnapi/operand_type.h"
#include "passerelle/support/expected.h"

namespace passerelle::cli {

inline constexpr nnapi::FeatureLevel default_feature_level = 3;  // API 29

struct TargetOptions {
  std::optional<int> min_api;
  std::optional<int> feature_level;
};

void add_target_options(CLI::App& app, TargetOptions& options);

/// Nothing where neither was given. Errors: `usage`.
Expected<std::optional<nnapi::FeatureLevel>> feature_level(const TargetOptions& options);

}  // namespace passerelle::cli
