#include "release_schemas.h"

#include <algorithm>
#include <iterator>

namespace passerelle::torchscript {
namespace {

constexpr std::string_view schemas[] = {
#include "release_schemas.inc"
};

std::string_view operator_of(std::string_view schema) { return schema.substr(0, schema.find_first_of(".(")); }

}  // namespace

Span<const std::string_view> release_schemas() { return schemas; }

Span<const std::string_view> release_schemas_of(std::string_view op) {
  const auto* first = std::find_if(std::begin(schemas), std::end(schemas),
                                   [&](std::string_view schema) { return operator_of(schema) == op; });
  const auto* end =
      std::find_if(first, std::end(schemas), [&](std::string_view schema) { return operator_of(schema) != op; });
  return {first, static_cast<size_t>(end - first)};
}

}  // namespace passerelle::torchscript
