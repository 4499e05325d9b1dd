#include "shared_data.h"
#include "catch.h"
#include "paths.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

namespace passerelle::nnapi::test {

std::optional<std::string> shared_file(const std::string& name) {
  const char* folder = std::getenv("PASSERELLE_SHARED");
  std::string path =
      (folder ? std::string(folder) : std::string(testing::source_directory()) + "/../shared") + "/" + name;
  if (std::filesystem::exists(path)) return path;
  return std::nullopt;
}

std::optional<nlohmann::json> operations_json() {
  std::optional<std::string> path = shared_file("nnapi_ops.json");
  if (!path) return std::nullopt;
  return nlohmann::json::parse(std::ifstream(*path));
}

void for_each_json_line(const std::string& path, const std::function<void(const nlohmann::json&)>& visit) {
  std::FILE* pipe = ::popen(("gzip -dc '" + path + "'").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char* line = nullptr;
  size_t capacity = 0;
  while (::getline(&line, &capacity, pipe) > 0) visit(nlohmann::json::parse(line));
  std::free(line);
  REQUIRE(::pclose(pipe) == 0);
}

}  // namespace passerelle::nnapi::test
