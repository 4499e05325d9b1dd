#include "target_options.h"

#include <string>

namespace passerelle::cli {
namespace {
constexpr int first_api = 27;  // Android 8.1, the first with NNAPI
constexpr int last_api = 31;   // from here on NNAPI is updated apart from Android
}  // namespace

void add_target_options(CLI::App& app, TargetOptions& options) {
  app.add_option(
         "--min-api", options.min_api,
         "The lowest Android API level to run on: 27 to 30 are NNAPI's feature levels 1 to 4, 31 and above level "
         "5. Default: 29")
      ->type_name("N");
  app.add_option("--feature-level", options.feature_level, "The same as NNAPI's feature level, 1 to 8")->type_name("N");
}

Expected<std::optional<nnapi::FeatureLevel>> feature_level(const TargetOptions& options) {
  using Result = std::optional<nnapi::FeatureLevel>;
  if (options.min_api && options.feature_level)
    return Error{ErrorKind::usage, "--min-api and --feature-level say the same thing; give one of them"};
  if (options.min_api) {
    if (*options.min_api < first_api)
      return Error{ErrorKind::usage, "--min-api " + std::to_string(*options.min_api) +
                                         ": NNAPI came with API 27 (Android 8.1); give 27 or more"};
    return Result(std::min(*options.min_api, last_api) - first_api + nnapi::lowest_feature_level);
  }
  if (!options.feature_level) return Result();
  int level = *options.feature_level;
  if (level < nnapi::lowest_feature_level || level > nnapi::highest_feature_level)
    return Error{ErrorKind::usage, "--feature-level " + std::to_string(level) + ": NNAPI has levels 1 to 8" +
                                       (level >= first_api ? "; an Android API level is given as --min-api" : "")};
  return Result(level);
}

}  // namespace passerelle::cli
