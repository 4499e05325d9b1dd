#include "passerelle/report/findings.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "model/trace_facts.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

namespace passerelle::report {
namespace {

using graph::Diagnostic;
using graph::Origin;
using Json = nlohmann::ordered_json;

auto kind_of(const Diagnostic& diagnostic) {
  return std::tie(diagnostic.op, diagnostic.reason, diagnostic.message, diagnostic.suggestion,
                  diagnostic.feature_level);
}

std::string one_location(const graph::SourceLocation& location) {
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

std::string shapes_of(const Occurrence& place) {
  if (place.inputs.empty() && place.outputs.empty()) return {};
  return to_string(place.inputs) + " → " + to_string(place.outputs);
}

/// Equal texts once, with how many times: an unrolled loop has many.
std::vector<std::pair<std::string, size_t>> counted(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, size_t>> result;
  for (const std::string& text : texts) {
    auto known = std::find_if(result.begin(), result.end(), [&](const auto& row) { return row.first == text; });
    if (known == result.end())
      result.emplace_back(text, 1);
    else
      ++known->second;
  }
  return result;
}

std::string paragraphs(std::string label, const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& [text, times] : counted(texts)) {
    if (text.empty()) continue;
    result += paragraph(label, times > 1 ? text + ", " + thousands(times) + " times" : text);
    label.clear();
  }
  return result;
}

std::string heading(const Finding& finding) {
  const Diagnostic& diagnostic = finding.diagnostic;
  const std::string reason = graph::name(diagnostic.reason);
  std::string name = diagnostic.op.empty() ? reason : diagnostic.op;
  const size_t accepted = finding.accepted();
  const bool all = accepted == finding.places.size();
  std::string result = styled(name, all ? Style::dim : Style::red);
  if (finding.places.size() > 1) result += ", " + thousands(finding.places.size()) + " times";
  if (name != reason) result += "  " + styled("[" + reason + "]", Style::dim);
  if (accepted > 0) result += all ? "  accepted" : "  " + thousands(accepted) + " accepted";
  return result + '\n';
}

Json tensors_json(const std::vector<TensorFact>& tensors) {
  Json result = Json::array();
  for (const TensorFact& tensor : tensors)
    result.push_back({{"dtype", graph::name(tensor.type)}, {"shape", tensor.shape}});
  return result;
}

Json occurrence_json(const Occurrence& place) {
  Json result = place_json(place.origin);
  result["inputs"] = tensors_json(place.inputs);
  result["outputs"] = tensors_json(place.outputs);
  result["accepted_by"] = place.accepted_by.empty() ? Json(nullptr) : Json(place.accepted_by);
  return result;
}

}  // namespace

size_t Finding::accepted() const {
  return static_cast<size_t>(
      std::count_if(places.begin(), places.end(), [](const Occurrence& place) { return !place.accepted_by.empty(); }));
}

std::vector<Finding> findings_of(const trace::Trace& trace, const std::vector<Diagnostic>& diagnostics) {
  std::vector<Finding> findings;
  for (const Diagnostic& diagnostic : diagnostics) {
    auto finding = std::find_if(findings.begin(), findings.end(),
                                [&](const Finding& known) { return kind_of(known.diagnostic) == kind_of(diagnostic); });
    if (finding == findings.end()) finding = findings.insert(findings.end(), Finding{diagnostic, {}});
    Occurrence place{diagnostic.origin, {}, {}, {}};
    if (!diagnostic.nodes.empty()) {
      place.inputs = input_facts(trace, trace[diagnostic.nodes.front()]);
      place.outputs = output_facts(trace, trace[diagnostic.nodes.front()]);
    }
    finding->places.push_back(std::move(place));
  }
  return findings;
}

std::string to_string(const TensorFact& tensor) {
  return std::string(graph::name(tensor.type)) + " " + shape_text(tensor.shape);
}

std::string to_string(const std::vector<TensorFact>& tensors) {
  constexpr size_t most = 5;
  std::string result;
  for (size_t i = 0; i < std::min(most, tensors.size()); ++i)
    result += (result.empty() ? "" : ", ") + to_string(tensors[i]);
  if (tensors.size() > most) result += " and " + std::to_string(tensors.size() - most) + " more";
  return result.empty() ? "nothing" : result;
}

std::string location_text(const Origin& origin) {
  const std::string location = one_location(origin.user);
  return location.empty() ? one_location(origin.innermost) : location;
}

std::string place_text(const Origin& origin) {
  const std::string module = origin.module_path.empty() ? "the model itself" : origin.module_path;
  const std::string location = location_text(origin);
  return location.empty() ? module : module + " (" + location + ')';
}

std::string short_place_text(const Origin& origin) {
  const std::string location = location_text(origin);
  const std::string line = location.substr(location.find_last_of('/') + 1);
  if (origin.module_path.empty()) return line;
  return line.empty() ? origin.module_path : origin.module_path + " (" + line + ')';
}

size_t operator_count(const trace::Trace& trace, const std::vector<graph::Diagnostic>& diagnostics) {
  const auto elsewhere = [](const Diagnostic& diagnostic) { return diagnostic.nodes.empty(); };
  return trace.nodes.size() + static_cast<size_t>(std::count_if(diagnostics.begin(), diagnostics.end(), elsewhere));
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string result;
  for (const Finding& finding : findings) {
    const Diagnostic& diagnostic = finding.diagnostic;
    std::vector<std::string> shapes, places;
    for (const Occurrence& place : finding.places) {
      if (std::string text = shapes_of(place); std::find(shapes.begin(), shapes.end(), text) == shapes.end())
        shapes.push_back(std::move(text));
      places.push_back(place_text(place.origin));
    }
    if (!result.empty()) result += '\n';
    result += heading(finding);
    result += paragraph("why:", diagnostic.message);
    if (diagnostic.feature_level > 0)
      result += paragraph("works:", "from " + std::string(nnapi::feature_level_name(diagnostic.feature_level)) + " on");
    if (!diagnostic.suggestion.empty()) result += paragraph("instead:", diagnostic.suggestion);
    result += paragraphs("shapes:", shapes) + paragraphs("where:", places);
  }
  return result;
}

Json place_json(const Origin& origin) {
  auto location = [](const graph::SourceLocation& at) -> Json {
    if (at.file.empty()) return nullptr;
    return {{"file", at.file}, {"line", at.line}};
  };
  return {{"module", origin.module_path}, {"source", location(origin.user)}, {"innermost", location(origin.innermost)}};
}

Json findings_json(const std::vector<Finding>& findings) {
  Json result = Json::array();
  for (const Finding& finding : findings) {
    const Diagnostic& diagnostic = finding.diagnostic;
    Json places = Json::array();
    for (const Occurrence& place : finding.places) places.push_back(occurrence_json(place));
    result.push_back({{"operator", diagnostic.op},
                      {"reason", graph::name(diagnostic.reason)},
                      {"message", diagnostic.message},
                      {"suggestion", diagnostic.suggestion},
                      {"feature_level", diagnostic.feature_level},
                      {"count", finding.places.size()},
                      {"accepted", finding.accepted()},
                      {"places", std::move(places)}});
  }
  return result;
}

}  // namespace passerelle::report
