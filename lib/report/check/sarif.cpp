// SARIF 2.1.0 (OASIS): what code hosts show at the lines of a pull request.
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "passerelle/report/check_report.h"
#include "words.h"

namespace passerelle::report {
namespace {

using graph::Reason;
using Json = nlohmann::ordered_json;

struct Rule {
  Reason reason;
  const char* title;
  const char* help;
};
constexpr Rule rules[] = {
    {Reason::unknown_operator, "Unknown operator", "The operator can't be run where models are converted."},
    {Reason::no_counterpart, "No counterpart in NNAPI", "NNAPI has no operations that compute this operator."},
    {Reason::needs_feature_level, "Needs a higher feature level",
     "It can be converted for devices with a later Android version."},
    {Reason::rank, "Too many dimensions", "NNAPI's operations take four dimensions at most."},
    {Reason::dynamic_shape, "Dynamic shape", "A shape depends on the data; a converted model has fixed shapes."},
    {Reason::data_dependent_control_flow, "Control flow that depends on data",
     "A condition or a loop's end is computed from the input; a converted model takes one path."},
    {Reason::element_type, "Element type", "NNAPI has no operand of this type."},
    {Reason::argument, "Combination of arguments", "NNAPI can't express the operator with these arguments."},
    {Reason::quantization, "Quantization rule", "NNAPI demands other scales or zero points."},
    {Reason::in_place_write, "Write in place", "A write through a view has no functional form."},
    {Reason::nondeterministic, "Not deterministic", "The operator draws random numbers."},
    {Reason::too_large, "Too large", "A limit of NNAPI, of the file format or of tracing is exceeded."},
    {Reason::state, "State", "The model changes its own attributes while it runs."},
};

size_t rule_index(Reason reason) {
  for (size_t i = 0; i < std::size(rules); ++i)
    if (rules[i].reason == reason) return i;
  return 0;
}

Json rules_json() {
  Json result = Json::array();
  for (const Rule& rule : rules)
    result.push_back({{"id", graph::name(rule.reason)},
                      {"name", rule.title},
                      {"shortDescription", {{"text", rule.title}}},
                      {"fullDescription", {{"text", rule.help}}},
                      {"help", {{"text", rule.help}}},
                      {"defaultConfiguration", {{"level", "error"}}}});
  return result;
}

/// What a URI may hold as it is; the rest is percent-encoded, byte for byte.
std::string uri_of(const std::string& path) {
  constexpr char hex[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain)
      result += c;
    else
      result += {'%', hex[byte >> 4], hex[byte & 15]};
  }
  return result;
}

Json artifact(const std::string& path, const std::string& source_root) {
  std::string root = source_root;
  if (!root.empty() && root.back() != '/') root += '/';
  if (!root.empty() && path.compare(0, root.size(), root) == 0)
    return {{"uri", uri_of(path.substr(root.size()))}, {"uriBaseId", "SRCROOT"}};
  if (!path.empty() && path[0] == '/') return {{"uri", "file://" + uri_of(path)}};
  return {{"uri", uri_of(path)}, {"uriBaseId", "SRCROOT"}};
}

Json physical_location(const graph::SourceLocation& at, const std::string& source_root) {
  Json result = {{"artifactLocation", artifact(at.file, source_root)}};
  if (at.line > 0) result["region"] = {{"startLine", at.line}};
  return result;
}

bool same(const graph::SourceLocation& a, const graph::SourceLocation& b) {
  return a.file == b.file && a.line == b.line;
}

/// FNV-1a: the same finding has the same fingerprint in the next run, wherever its line has moved to.
std::string fingerprint(const std::string& text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::string result;
  for (int shift = 60; shift >= 0; shift -= 4) result += "0123456789abcdef"[(hash >> shift) & 15];
  return result;
}

std::string message(const graph::Diagnostic& diagnostic) {
  std::string result =
      (diagnostic.op.empty() ? "The model" : diagnostic.op) + " can't be converted: " + diagnostic.message + ".";
  if (diagnostic.feature_level > 0)
    result += " It works from " + std::string(nnapi::feature_level_name(diagnostic.feature_level)) + " on.";
  if (!diagnostic.suggestion.empty()) result += " Instead: " + diagnostic.suggestion + ".";
  return result;
}

Json result_json(const CheckReport& report, const Finding& finding, const Occurrence& place,
                 const std::string& source_root) {
  const graph::Diagnostic& diagnostic = finding.diagnostic;
  const graph::Origin& origin = place.origin;
  const graph::SourceLocation& user = origin.user.file.empty() ? origin.innermost : origin.user;
  Json location = {{"physicalLocation", user.file.empty() ? physical_location({report.model, 0}, source_root)
                                                          : physical_location(user, source_root)}};
  if (!origin.module_path.empty())
    location["logicalLocations"] = Json::array({{{"fullyQualifiedName", origin.module_path}, {"kind", "module"}}});
  Json result = {{"ruleId", graph::name(diagnostic.reason)},
                 {"ruleIndex", rule_index(diagnostic.reason)},
                 {"level", "error"},
                 {"message", {{"text", message(diagnostic)}}},
                 {"locations", Json::array({std::move(location)})},
                 {"partialFingerprints",
                  {{"passerelleObstacle/v1", fingerprint(diagnostic.op + '\n' + graph::name(diagnostic.reason) + '\n' +
                                                         origin.module_path + '\n' + user.file)}}},
                 {"properties",
                  {{"operator", diagnostic.op},
                   {"module", origin.module_path},
                   {"inputs", to_string(place.inputs)},
                   {"outputs", to_string(place.outputs)}}}};
  if (!origin.innermost.file.empty() && !same(origin.innermost, user))
    result["relatedLocations"] =
        Json::array({{{"id", 1},
                      {"message", {{"text", "The innermost line, inside of a library"}}},
                      {"physicalLocation", physical_location(origin.innermost, source_root)}}});
  if (!place.accepted_by.empty())
    result["suppressions"] =
        Json::array({{{"kind", "external"}, {"justification", "accepted by " + place.accepted_by}}});
  return result;
}

}  // namespace

Json check_sarif(const CheckReport& report, const std::string& source_root, const std::string& version) {
  Json results = Json::array();
  for (const Finding& finding : report.findings)
    for (const Occurrence& place : finding.places) results.push_back(result_json(report, finding, place, source_root));
  Json root = {{"description", {{"text", "Where the paths of the model's Python files begin"}}}};
  if (!source_root.empty()) root["uri"] = "file://" + uri_of(source_root) + (source_root.back() == '/' ? "" : "/");
  Json run = {
      {"tool", {{"driver", {{"name", "passerelle"}, {"semanticVersion", version}, {"rules", rules_json()}}}}},
      {"automationDetails", {{"id", "passerelle/" + report.model + "/"}}},  // models are not each other's history
      {"originalUriBaseIds", {{"SRCROOT", std::move(root)}}},
      {"columnKind", "unicodeCodePoints"},
      {"results", std::move(results)},
      {"properties", {{"model", report.model}, {"verdict", verdict(report)}}}};
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs", Json::array({std::move(run)})}};
}

}  // namespace passerelle::report
