#include "html_page.h"
#include "passerelle/report/check_report.h"
#include "passerelle/report/words.h"
#include "words.h"

namespace passerelle::report {
namespace {

Tone tone_of(const CheckReport& report) {
  if (report.converts()) return report.passed() ? Tone::good : Tone::fair;
  return report.smallest_level > 0 || report.passed() ? Tone::fair : Tone::bad;
}

double part_of(const Share& share) {
  return share.whole == 0 ? 1 : static_cast<double>(share.part) / static_cast<double>(share.whole);
}

std::vector<Fact> facts_of(const CheckReport& report) {
  std::vector<Fact> facts;
  facts.push_back({"Operators that convert", share_text(report.operators), "", part_of(report.operators)});
  if (report.multiply_adds.whole > 0)
    facts.push_back({"Multiply-adds in those", share_text(report.multiply_adds), "", part_of(report.multiply_adds)});
  facts.push_back({"Asked for", std::string(nnapi::feature_level_name(report.target)), ""});
  facts.push_back({"Lowest level that works",
                   report.smallest_level > 0 ? std::string(nnapi::feature_level_name(report.smallest_level)) : "none",
                   report.smallest_level > 0 ? "" : "something in it has no counterpart at any level"});
  if (report.converts()) facts.push_back({"NNAPI operations", thousands(report.nnapi_operations), ""});
  if (report.accepted() > 0)
    facts.push_back(
        {"Accepted", thousands(report.accepted()) + " of " + thousands(report.obstacles()), "known before"});
  return facts;
}

std::string row(const char* label, const std::string& value, const char* kind = "") {
  return std::string("<dt>") + label + "</dt><dd" + (*kind ? " class=\"" + std::string(kind) + "\"" : "") + ">" +
         value + "</dd>";
}

std::string places_html(const Finding& finding) {
  constexpr size_t most = 12;
  std::string result = "<ul>";
  for (size_t i = 0; i < std::min(most, finding.places.size()); ++i) {
    const Occurrence& place = finding.places[i];
    const std::string location = location_text(place.origin);
    result += "<li><code>" + escaped(place.origin.module_path.empty() ? "the model itself" : place.origin.module_path) +
              "</code>";
    if (!location.empty()) result += " <span class=\"line\">" + escaped(location) + "</span>";
    if (!place.accepted_by.empty()) result += " <span class=\"badge\">accepted by " + place.accepted_by + "</span>";
    result += "</li>";
  }
  if (finding.places.size() > most)
    result += "<li>and " + std::to_string(finding.places.size() - most) + " more, in the table below</li>";
  return result + "</ul>";
}

std::string finding_html(const Finding& finding) {
  const graph::Diagnostic& diagnostic = finding.diagnostic;
  const std::string reason = graph::name(diagnostic.reason);
  const bool accepted = finding.accepted() == finding.places.size();
  const Tone tone = accepted ? Tone::plain : diagnostic.feature_level > 0 ? Tone::fair : Tone::bad;
  std::string result = "<article class=\"finding " + std::string(name(tone)) + "\"><h3><code>" +
                       escaped(diagnostic.op.empty() ? reason : diagnostic.op) + "</code>";
  if (finding.places.size() > 1)
    result += "<span class=\"badge\">" + thousands(finding.places.size()) + " times</span>";
  result += "<span class=\"badge\">" + reason + "</span></h3><dl>";
  result += row("Why", escaped(diagnostic.message));
  if (diagnostic.feature_level > 0)
    result += row("Works", "from " + escaped(std::string(nnapi::feature_level_name(diagnostic.feature_level))) + " on");
  if (!diagnostic.suggestion.empty()) result += row("Instead", escaped(diagnostic.suggestion), "instead");
  const Occurrence& first = finding.places.front();
  if (!first.inputs.empty() || !first.outputs.empty())
    result += row("Shapes",
                  "<code>" + escaped(to_string(first.inputs)) + " → " + escaped(to_string(first.outputs)) + "</code>");
  return result + row("Where", places_html(finding)) + "</dl></article>\n";
}

HtmlTable places_table(const std::string& id, const std::vector<Finding>& findings) {
  HtmlTable table;
  table.id = id;
  table.columns = {{"operator", HtmlColumn::name},  {"reason", HtmlColumn::keep},         {"module", HtmlColumn::code},
                   {"your line", HtmlColumn::name}, {"innermost line", HtmlColumn::name}, {"inputs", HtmlColumn::code},
                   {"outputs", HtmlColumn::code}};
  for (const Finding& finding : findings)
    for (const Occurrence& place : finding.places) {
      table.rows.push_back(
          {{finding.diagnostic.op, graph::name(finding.diagnostic.reason), place.origin.module_path,
            line_cell(place.origin), line_cell(place.origin.innermost), to_string(place.inputs),
            to_string(place.outputs)},
           place.accepted_by.empty() ? finding.diagnostic.feature_level > 0 ? Tone::fair : Tone::bad : Tone::plain});
    }
  return table;
}

HtmlTable guards_table(const CheckReport& report) {
  HtmlTable table{"guards", "", {{"guard", HtmlColumn::code}, {"found"}, {"result", HtmlColumn::keep}}, {}};
  for (const Guard& guard : report.guards)
    table.rows.push_back(
        {{guard.condition, guard.found, guard.failed ? "fails" : "ok"}, guard.failed ? Tone::bad : Tone::good});
  return table;
}

}  // namespace

std::string check_html(const CheckReport& report) {
  HtmlPage page("check", report.model);
  page.verdict(tone_of(report), report.model.substr(report.model.find_last_of('/') + 1) + " " + verdict(report),
               report.converts() ? count(report.operators.whole, "operator") + " of the model become " +
                                       count(report.nnapi_operations, "NNAPI operation") + "."
                                 : count(report.obstacles(), "obstacle") + " among " +
                                       count(report.operators.whole, "operator") + ". " + advice(report));
  page.facts(facts_of(report));
  if (!report.findings.empty()) {
    page.section(
        "obstacles", "What stands in the way",
        report.complete ? "" : "Some operators could not be run here, so that what depends on them was not seen.");
    page.raw("<div class=\"findings\">\n");
    for (const Finding& finding : report.findings) page.raw(finding_html(finding));
    page.raw("</div>\n");
    page.section("places", "Every place",
                 "Your line is the innermost line of your own code, or of a library's that is not "
                 "PyTorch itself.");
    page.table(places_table("all-places", report.findings));
  }
  if (!report.guards.empty()) {
    page.section("watched", "What is watched", "The conditions of --fail-on.");
    page.table(guards_table(report));
  }
  if (report.converts() && !report.level_needs.empty()) {
    page.section("level", "What needs " + std::string(nnapi::feature_level_name(report.smallest_level)),
                 "Without these the model would run on older devices too.");
    page.raw("<div class=\"findings\">\n");
    for (const Finding& finding : report.level_needs) page.raw(finding_html(finding));
    page.raw("</div>\n");
  }
  page.section("graph", "The model's graph",
               "The operators that depend on the input's data, in the order of execution.");
  page.picture(report.picture);
  return page.text();
}

}  // namespace passerelle::report
