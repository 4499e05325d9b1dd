// The facts that lie beside the repository, for the tests that need them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace passerelle::nnapi::test {

/// The path of a file in the shared folder: $PASSERELLE_SHARED, or `shared` beside the repository. Nothing where it is
/// absent.
std::optional<std::string> shared_file(const std::string& name);

constexpr char no_shared_data[] = "there is no folder `shared` beside the repository, nor in PASSERELLE_SHARED";

/// nnapi_ops.json.
std::optional<nlohmann::json> operations_json();

/// Calls `visit` for each line of a gzipped file of JSON lines, which `gzip -dc` unpacks.
void for_each_json_line(const std::string& path, const std::function<void(const nlohmann::json&)>& visit);

}  // namespace passerelle::nnapi::test
