// Tables, numbers, and diagnostics as text and JSON.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "catch.h"
#include "passerelle/report/findings.h"
#include "passerelle/report/style.h"
#include "passerelle/report/table.h"
#include "passerelle/report/words.h"

using namespace passerelle;
using Catch::Matchers::ContainsSubstring;
using report::Column;
using report::Table;

TEST_CASE("numbers and counts") {
  CHECK(report::thousands(0) == "0");
  CHECK(report::thousands(999) == "999");
  CHECK(report::thousands(1000) == "1,000");
  CHECK(report::thousands(14063928) == "14,063,928");
  CHECK(report::bytes(1) == "1 byte");
  CHECK(report::bytes(1023) == "1,023 bytes");
  CHECK(report::bytes(1024) == "1.0 KiB");
  CHECK(report::bytes(1536) == "1.5 KiB");
  CHECK(report::bytes(1048575) == "1.0 MiB");
  CHECK(report::bytes(uint64_t{5} << 30) == "5.0 GiB");
  CHECK(report::count(1, "operation") == "1 operation");
  CHECK(report::count(0, "operation") == "0 operations");
  CHECK(report::count(1234, "operation") == "1,234 operations");
  CHECK(report::scientific(0) == "0");
  CHECK(report::printable("a\x1b[31mb\tc\x7f\r\nd é \xc2\x9b") == "a?[31mb?c??\nd é ?");
  CHECK(report::scientific(2.384e-07) == "2.4e-07");
}

TEST_CASE("a table aligns its columns and leaves no trailing spaces") {
  Table table({{"name"}, {"count", Column::right}, {"remark"}});
  table.add({"CONV_2D", "12", ""});
  table.add({"ADD", "3", "fused"});
  CHECK(table.text() ==
        "name     count  remark\n"
        "-------  -----  ------\n"
        "CONV_2D     12\n"
        "ADD          3  fused\n");
  CHECK(table.text(2).substr(0, 8) == "  name  ");
}

TEST_CASE("a long cell is wrapped to fit the page") {
  Table table({{"key"}, {"text", Column::left, true}});
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word" + std::to_string(i) + " ";
  table.add({"a", words});
  table.add({"b", std::string(300, 'x')});
  size_t at = 0;
  std::string text = table.text();
  while (at < text.size()) {
    size_t end = text.find('\n', at);
    CHECK(end - at <= report::text_width);
    at = end + 1;
  }
  for (int i = 0; i < 60; ++i) CHECK_THAT(text, ContainsSubstring("word" + std::to_string(i)));
  CHECK(std::count(text.begin(), text.end(), 'x') == 301);  // and the one in the title
}

TEST_CASE("columns are counted in code points") {
  Table table({{"é"}, {"b"}});
  table.add({"ñandú", "1"});
  table.add({"x", "2"});
  CHECK(table.text() == "é      b\n-----  -\nñandú  1\nx      2\n");
}

TEST_CASE("wrapping cuts words that no line can hold") {
  CHECK(report::wrapped("", 5) == std::vector<std::string>{""});
  CHECK(report::wrapped("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(report::wrapped("abcdefghij k", 4) == std::vector<std::string>{"abcd", "efgh", "ij k"});
}

namespace {

graph::Diagnostic diagnostic(std::string op, std::string message, std::string module, int line) {
  graph::Diagnostic result;
  result.reason = graph::Reason::no_counterpart;
  result.op = std::move(op);
  result.message = std::move(message);
  result.origin = {result.op, std::move(module), {"net.py", line}, {"functional.py", 7}};
  return result;
}

std::vector<graph::Diagnostic> example() {
  graph::Diagnostic level = diagnostic("aten::elu", "it becomes ELU", "", 0);
  level.reason = graph::Reason::needs_feature_level;
  level.feature_level = 4;
  level.suggestion = "convert with --min-api 30";
  level.origin.user = {};
  level.origin.innermost = {};
  return {diagnostic("aten::sort", "NNAPI has no sorting", "head.0", 12), level,
          diagnostic("aten::sort", "NNAPI has no sorting", "head.1", 13),
          diagnostic("aten::sort", "NNAPI has no sorting", "head.1", 13),
          diagnostic("aten::sort", "another reason", "head.1", 13)};
}

}  // namespace

TEST_CASE("findings that differ in their place alone are told once, with all places") {
  const std::vector<report::Finding> findings = report::findings_of({}, example());
  CHECK(findings.size() == 3);
  CHECK(report::rendered(report::findings_text(findings), false) ==
        "aten::sort, 3 times  [no-counterpart]\n"
        "  why:      NNAPI has no sorting\n"
        "  where:    head.0 (net.py:12)\n"
        "            head.1 (net.py:13), 2 times\n"
        "\n"
        "aten::elu  [needs-feature-level]\n"
        "  why:      it becomes ELU\n"
        "  works:    from API 30 on\n"
        "  instead:  convert with --min-api 30\n"
        "  where:    the model itself\n"
        "\n"
        "aten::sort  [no-counterpart]\n"
        "  why:      another reason\n"
        "  where:    head.1 (net.py:13)\n");
}

TEST_CASE("findings as JSON") {
  nlohmann::ordered_json json = report::findings_json(report::findings_of({}, example()));
  REQUIRE(json.size() == 3);
  CHECK(json[0]["operator"] == "aten::sort");
  CHECK(json[0]["reason"] == "no-counterpart");
  CHECK(json[0]["count"] == 3);
  CHECK(json[0]["places"].size() == 3);
  CHECK(json[0]["places"][1]["module"] == "head.1");
  CHECK(json[0]["places"][1]["source"]["file"] == "net.py");
  CHECK(json[0]["places"][1]["source"]["line"] == 13);
  CHECK(json[0]["places"][1]["innermost"]["line"] == 7);
  CHECK(json[1]["feature_level"] == 4);
  CHECK(json[1]["places"][0]["source"].is_null());
  CHECK(report::findings_json({}) == nlohmann::ordered_json::array());
}

TEST_CASE("styles take no column, and are colours or nothing") {
  const std::string text = report::styled("bad", report::Style::red) + " news";
  CHECK(report::columns_of(text) == 8);
  CHECK(report::rendered(text, false) == "bad news");
  CHECK(report::rendered(text, true) == "\x1b[31mbad\x1b[0m news");
}
