#include "passerelle/report/diagnostics.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "passerelle/nnapi/operand_type.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

using graph::Diagnostic;
using graph::Origin;

auto kind_of(const Diagnostic& diagnostic) {
  return std::tie(diagnostic.op, diagnostic.reason, diagnostic.message, diagnostic.suggestion,
                  diagnostic.feature_level);
}

std::string location_text(const graph::SourceLocation& location) {
  if (location.file.empty()) return {};
  return location.line > 0 ? location.file + ':' + std::to_string(location.line) : location.file;
}

/// "  why:      because the second line\n            begins below the first"
std::string paragraph(const std::string& label, const std::string& text) {
  const std::string indent = "  " + label + std::string(10 - label.size(), ' ');
  std::string result;
  for (const std::string& line : wrapped(text, text_width - indent.size()))
    result += (result.empty() ? indent : std::string(indent.size(), ' ')) + line + '\n';
  return result;
}

/// The places of one module path and line, counted: an unrolled loop has many.
std::vector<std::pair<std::string, size_t>> counted_places(const std::vector<Origin>& places) {
  std::vector<std::pair<std::string, size_t>> result;
  for (const Origin& origin : places) {
    std::string text = place_text(origin);
    auto known = std::find_if(result.begin(), result.end(), [&](const auto& row) { return row.first == text; });
    if (known == result.end())
      result.emplace_back(std::move(text), 1);
    else
      ++known->second;
  }
  return result;
}

}  // namespace

std::vector<DiagnosticGroup> grouped(const std::vector<Diagnostic>& diagnostics) {
  std::vector<DiagnosticGroup> groups;
  for (const Diagnostic& diagnostic : diagnostics) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const DiagnosticGroup& known) {
      return kind_of(known.diagnostic) == kind_of(diagnostic);
    });
    if (group == groups.end()) group = groups.insert(groups.end(), DiagnosticGroup{diagnostic, {}});
    group->places.push_back(diagnostic.origin);
  }
  return groups;
}

std::string place_text(const Origin& origin) {
  std::string module = origin.module_path.empty() ? "the model itself" : origin.module_path;
  std::string location = location_text(origin.user);
  if (location.empty()) location = location_text(origin.innermost);
  return location.empty() ? module : module + " (" + location + ')';
}

std::string diagnostics_text(const std::vector<Diagnostic>& diagnostics) {
  std::string result;
  for (const DiagnosticGroup& group : grouped(diagnostics)) {
    const Diagnostic& diagnostic = group.diagnostic;
    result += diagnostic.op.empty() ? graph::name(diagnostic.reason) : diagnostic.op;
    if (group.places.size() > 1) result += ", " + thousands(group.places.size()) + " times";
    result += '\n';
    result += paragraph("why:", diagnostic.message);
    if (diagnostic.feature_level > 0)
      result += paragraph("works:", "from " + std::string(nnapi::feature_level_name(diagnostic.feature_level)) + " on");
    if (!diagnostic.suggestion.empty()) result += paragraph("instead:", diagnostic.suggestion);
    std::string label = "where:";
    for (const auto& [place, times] : counted_places(group.places)) {
      result += paragraph(label, times > 1 ? place + ", " + thousands(times) + " times" : place);
      label.clear();
    }
    result += '\n';
  }
  return result;
}

nlohmann::ordered_json place_json(const Origin& origin) {
  auto location = [](const graph::SourceLocation& at) -> nlohmann::ordered_json {
    if (at.file.empty()) return nullptr;
    return {{"file", at.file}, {"line", at.line}};
  };
  return {{"module", origin.module_path}, {"source", location(origin.user)}, {"innermost", location(origin.innermost)}};
}

nlohmann::ordered_json diagnostics_json(const std::vector<Diagnostic>& diagnostics) {
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (const DiagnosticGroup& group : grouped(diagnostics)) {
    const Diagnostic& diagnostic = group.diagnostic;
    nlohmann::ordered_json places = nlohmann::ordered_json::array();
    for (const Origin& origin : group.places) places.push_back(place_json(origin));
    result.push_back({{"operator", diagnostic.op},
                      {"reason", graph::name(diagnostic.reason)},
                      {"message", diagnostic.message},
                      {"suggestion", diagnostic.suggestion},
                      {"feature_level", diagnostic.feature_level},
                      {"count", group.places.size()},
                      {"places", std::move(places)}});
  }
  return result;
}

}  // namespace passerelle::report
