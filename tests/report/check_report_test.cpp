// The check report's model: shares, acceptance, guards; and that no form of it lets a hostile name out of its place.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "passerelle/report/check_report.h"
#include "passerelle/report/flow.h"

using namespace passerelle;
using graph::OperandId;
using nnapi::OperandType;
using nnapi::OperationType;
using report::CheckReport;
using trace::Node;
using trace::NodeId;
using trace::TensorId;
using trace::Trace;

namespace {

const char* const hostile = "<script>alert(1)</script>\"&'\x1b[31m";

trace::Tensor tensor(std::vector<int64_t> shape) {
  trace::Tensor result;
  result.shape = std::move(shape);
  return result;
}

/// x → conv2d (of 27 × 4 × 64 multiply-adds) → mode → mode, at one line of a loop.
Trace example_trace() {
  Trace trace;
  trace.tensors = {tensor({1, 3, 8, 8}), tensor({4, 3, 3, 3}), tensor({1, 4, 8, 8}), tensor({1, 4, 8}), tensor({1, 4})};
  trace.inputs = {{"x", TensorId{0}, false}};
  trace.outputs = {{"output0", TensorId{4}, false}};
  trace.origins = {{"aten::conv2d", "stem", {"net.py", 10}, {"functional.py", 7}},
                   {"aten::mode", std::string("head.") + hostile, {"net.py", 20}, {"net.py", 20}}};
  Node conv{"aten::conv2d", "", {{"input", {TensorId{0}}}, {"weight", {TensorId{1}}}}, {{TensorId{2}}}, 0};
  Node first{"aten::mode", "dim", {{"self", {TensorId{2}}}}, {{TensorId{3}}}, 1};
  Node second{"aten::mode", "dim", {{"self", {TensorId{3}}}}, {{TensorId{4}}}, 1};
  trace.nodes = {conv, first, second};
  return trace;
}

graph::Diagnostic refusal(const Trace& trace, std::vector<graph::NodeId> nodes) {
  graph::Diagnostic result;
  result.reason = graph::Reason::no_counterpart;
  result.op = "aten::mode";
  result.message = "nothing computes it";
  result.origin = trace.origins[1];
  result.nodes = std::move(nodes);
  return result;
}

CheckReport example() {
  static const Trace trace = example_trace();
  static const std::vector<graph::Diagnostic> diagnostics = {refusal(trace, {NodeId{1}}), refusal(trace, {NodeId{2}})};
  return report::check_report("net.pt", {trace, {}, diagnostics, 3, 0, diagnostics});
}

}  // namespace

TEST_CASE("what share converts, by operators and by multiply-adds") {
  const CheckReport report = example();
  CHECK_FALSE(report.converts());
  CHECK_FALSE(report.passed());
  CHECK(report.operators.part == 1);
  CHECK(report.operators.whole == 3);
  CHECK(report.multiply_adds.part == 27 * 4 * 64);
  CHECK(report.multiply_adds.whole == 27 * 4 * 64);
  REQUIRE(report.findings.size() == 1);
  REQUIRE(report.findings[0].places.size() == 2);
  CHECK(report::to_string(report.findings[0].places[1].inputs) == "float32 1x4x8");
  CHECK(report::to_string(report.findings[0].places[1].outputs) == "float32 1x4");
}

TEST_CASE("a diagnostic may be about several operators, or about none that was run") {
  const Trace trace = example_trace();
  const std::vector<graph::Diagnostic> diagnostics = {refusal(trace, {NodeId{1}, NodeId{2}})};
  const CheckReport report = report::check_report("net.pt", {trace, {}, diagnostics, 3, 0, {}});
  CHECK(report.operators.part == 1);
  CHECK(report.operators.whole == 3);
  graph::Diagnostic branch = refusal(trace, {});
  branch.origin.op = "prim::If";
  const CheckReport with_branch = report::check_report("net.pt", {trace, {}, {branch}, 3, 0, {}});
  CHECK(with_branch.operators.part == 3);
  CHECK(with_branch.operators.whole == 4);
}

TEST_CASE("--allow accepts an operator wherever it stands, and nothing else") {
  CheckReport report = example();
  CHECK(report::allow(report, "aten::mode2") == 0);
  CHECK_FALSE(report.passed());
  CHECK(report::allow(report, "aten::mode") == 2);
  CHECK(report.passed());
  CHECK_FALSE(report.converts());
}

TEST_CASE("a baseline accepts as many as it has, whatever their lines") {
  nlohmann::ordered_json baseline = report::check_json(example());
  baseline["diagnostics"][0]["places"][0]["source"]["line"] = 99;
  CheckReport same = example();
  REQUIRE(report::accept_baseline(same, baseline, "known.json"));
  CHECK(same.passed());

  baseline["diagnostics"][0]["places"].erase(1);
  CheckReport one_more = example();
  REQUIRE(report::accept_baseline(one_more, baseline, "known.json"));
  CHECK(one_more.accepted() == 1);
  CHECK_FALSE(one_more.passed());

  baseline["diagnostics"][0]["places"][0]["module"] = "elsewhere";
  CheckReport moved = example();
  REQUIRE(report::accept_baseline(moved, baseline, "known.json"));
  CHECK(moved.accepted() == 0);

  for (const char* other : {"{}", "[]", "3", R"({"diagnostics": [{"places": [{}]}]})"}) {
    CheckReport report = example();
    Expected<void> result = report::accept_baseline(report, nlohmann::ordered_json::parse(other), "known.json");
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::unreadable);
  }
}

TEST_CASE("float islands lie between DEQUANTIZE and QUANTIZE") {
  graph::Graph graph;
  const graph::TensorType quantized{OperandType::TENSOR_QUANT8_ASYMM, {1, 4}, {0.5f, 3, {}, 0}};
  const graph::TensorType real{OperandType::TENSOR_FLOAT32, {1, 4}, {}};
  OperandId at = graph.add_operand(quantized);
  at = graph.append(OperationType::DEQUANTIZE, {{"input", at}}, real, 0);
  at = graph.append(OperationType::QUANTIZE, {{"input", at}}, quantized, 0);  // nothing in between: no island
  at = graph.append(OperationType::DEQUANTIZE, {{"input", at}}, real, 0);
  at = graph.append(OperationType::EXP, {{"input", at}}, real, 0);
  at = graph.append(OperationType::ABS, {{"input", at}}, real, 0);
  at = graph.append(OperationType::QUANTIZE, {{"input", at}}, quantized, 0);
  at = graph.append(OperationType::DEQUANTIZE, {{"input", at}}, real, 0);
  at = graph.append(OperationType::EXP, {{"input", at}}, real, 0);  // stays in floats: the model's end
  const auto islands = report::float_islands(report::flow_of(graph));
  REQUIRE(islands.size() == 1);
  CHECK(islands[0] == std::vector<uint32_t>{3, 4});
}

TEST_CASE("guards of --fail-on") {
  const Trace trace = example_trace();
  graph::Module module;
  graph::Graph& graph = module.main();
  const OperandId x = graph.add_operand({OperandType::TENSOR_FLOAT32, {2, 3}, {}});
  graph.append(OperationType::TRANSPOSE, {{"input", x}}, {OperandType::TENSOR_FLOAT32, {3, 2}, {}}, 0);
  CheckReport report = report::check_report("net.pt", {trace, module, {}, 3, 2, {}});
  REQUIRE(report.passed());
  for (const char* passing : {"fp32-island", "min-api>28", "feature-level>2"}) {
    REQUIRE(report::add_guard(report, passing, module));
    CHECK(report.passed());
  }
  for (const char* failing : {"transpose", "min-api>27", "feature-level>1"}) {
    CheckReport again = report::check_report("net.pt", {trace, module, {}, 3, 2, {}});
    REQUIRE(report::add_guard(again, failing, module));
    CHECK_FALSE(again.passed());
  }
  for (const char* unknown : {"", "transposes", "min-api", "min-api>", "min-api>x", "min-api>26", "feature-level>0"})
    CHECK_FALSE(report::add_guard(report, unknown, module));
}

TEST_CASE("names of a hostile model stay text in every form") {
  const CheckReport report = example();
  const std::string page = report::check_html(report);
  CHECK(page.find("<script>alert") == std::string::npos);
  CHECK(page.find("alert(1)") != std::string::npos);
  CHECK_FALSE(report::check_sarif(report, "/src", "1.0.0").dump().empty());
  CHECK(report::dot("net.pt", report.picture).find("\x1b") == std::string::npos);
}

TEST_CASE("SARIF: paths below the source root are relative, others are not") {
  CheckReport report = example();
  report.findings[0].places[0].origin.user.file = "/src/app/näher.py";
  report.findings[0].places[1].origin.user.file = "/elsewhere/net.py";
  const nlohmann::ordered_json results = report::check_sarif(report, "/src", "1.0.0")["runs"][0]["results"];
  const auto artifact = [&](size_t i) { return results[i]["locations"][0]["physicalLocation"]["artifactLocation"]; };
  CHECK(artifact(0)["uri"] == "app/n%C3%A4her.py");
  CHECK(artifact(0)["uriBaseId"] == "SRCROOT");
  CHECK(artifact(1)["uri"] == "file:///elsewhere/net.py");
}
