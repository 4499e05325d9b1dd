// Every operation that the host has must reproduce all of Android's golden models with it, in each of the ways in which
// Android runs them; what it lacks must be refused by name.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "catch.h"
#include "client.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"

namespace golden = passerelle::golden;
using passerelle::nnapi::OperandType;

namespace {

/// Written out, so that an operation can't get lost.
const std::set<std::string> host_operations = {
#include "host_operations.inc"
};

bool is_refused(const golden::Graph& graph) {
  return std::any_of(graph.operations.begin(), graph.operations.end(),
                     [](const golden::Operation& operation) { return host_operations.count(operation.name) == 0; });
}

bool is_refused(const golden::Model& model) {
  return is_refused(model.main) || std::any_of(model.referenced.begin(), model.referenced.end(),
                                               [](const golden::Graph& graph) { return is_refused(graph); });
}

/// As many models ran when this was last written: it only goes up.
constexpr int models_run_floor = 9345;
/// And as many 8-bit elements, of ten million, were a step off: it only goes down. Most are the origin's own rounding
/// of results that were computed in floats.
constexpr int most_steps_off = 1000;

enum class Group { float32, float16, quantized, refused };

Group group_of(const golden::Model& model) {
  if (is_refused(model)) return Group::refused;
  Group group = Group::float32;
  const auto look_at = [&](const golden::Graph& graph) {
    for (const golden::Operand& operand : graph.operands) {
      const auto type = static_cast<OperandType>(operand.type);
      if (passerelle::nnapi::is_quantized(type)) group = Group::quantized;
      const bool is_float16 = type == OperandType::FLOAT16 || type == OperandType::TENSOR_FLOAT16;
      if (is_float16 && group != Group::quantized) group = Group::float16;
    }
  };
  look_at(model.main);
  for (const golden::Graph& graph : model.referenced) look_at(graph);
  return group;
}

bool has_operation(const golden::Model& model, const char* name) {
  return std::any_of(model.main.operations.begin(), model.main.operations.end(),
                     [&](const golden::Operation& operation) { return operation.name == name; });
}

/// Android's harness leaves the sizes of outputs open, except with these.
bool may_leave_outputs_open(const golden::Model& model) {
  return !has_operation(model, "RANK") && !has_operation(model, "IF") && !has_operation(model, "WHILE");
}

/// Buffers can only be too small where some output has more than a byte, all are tensors, and sizes are open.
bool can_be_too_small(const golden::Model& model) {
  for (uint32_t index : model.main.outputs)
    if (model.main.operands[index].data.size() < 2 || model.main.operands[index].dimensions.empty()) return false;
  return may_leave_outputs_open(model);
}

std::string too_small(const client::BuiltCompilation& compilation, const golden::Model& model) {
  client::Way way;
  way.bytes_missing = 1;
  const client::Outcome outcome = client::run(compilation, model, way);
  if (outcome.result.code != ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE)
    return "buffers too small: result " + std::to_string(outcome.result.code);
  for (size_t i = 0; i < outcome.dimensions.size(); ++i)
    if (outcome.dimensions[i] != model.main.operands[model.main.outputs[i]].dimensions)
      return "buffers too small: other dimensions";
  return {};
}

/// How many 8-bit elements came out, and how many of them not as expected: Android allows a step of difference, but
/// integer arithmetic that is Android's leaves few.
struct Steps {
  int elements = 0;
  int unequal = 0;
};

bool is_quantized8(const golden::Operand& operand) {
  const auto type = static_cast<OperandType>(operand.type);
  return type == OperandType::TENSOR_QUANT8_ASYMM || type == OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
}

void add(Steps& steps, const golden::Model& model, const client::Outcome& outcome) {
  for (size_t i = 0; i < outcome.outputs.size(); ++i) {
    const golden::Operand& expected = model.main.operands[model.main.outputs[i]];
    if (!is_quantized8(expected) || expected.is_ignored || outcome.outputs[i].size() != expected.data.size()) continue;
    steps.elements += static_cast<int>(expected.data.size());
    for (size_t at = 0; at < expected.data.size(); ++at) steps.unequal += expected.data[at] != outcome.outputs[i][at];
  }
}

/// Empty, or what is wrong with it.
std::string check(const golden::Model& model, bool unknown_outputs, const std::vector<client::Way>& ways,
                  Steps& steps) {
  const client::BuiltModel built = client::build(model, unknown_outputs);
  if (!built.result.ok()) return "building: " + built.result.message;
  const client::BuiltCompilation compilation = client::compile(built);
  if (!compilation.result.ok()) return "compiling: " + compilation.result.message;
  for (const client::Way& way : ways) {
    const client::Outcome outcome = client::run(compilation, model, way);
    if (std::string text = client::difference(model, outcome); !text.empty()) return text;
    if (!unknown_outputs && &way == &ways.front()) add(steps, model, outcome);
  }
  if (unknown_outputs && can_be_too_small(model)) return too_small(compilation, model);
  return {};
}

std::string check_runs(const golden::Model& model, Steps& steps) {
  client::Way plain;
  client::Way twice;
  twice.runs = 2;
  client::Way shared;
  shared.in_memories = true;
  shared.asynchronous = true;
  const std::string fixed = check(model, false, {plain, twice, shared}, steps);
  if (model.expect_failure) return fixed.empty() ? "no failure where one is expected" : "";
  if (!fixed.empty() || !may_leave_outputs_open(model)) return fixed;
  const std::string open = check(model, true, {plain, twice}, steps);
  return open.empty() ? open : "outputs open: " + open;
}

/// A model that the host can't run must fail when it is compiled, with a sentence that names what is missing.
std::string check_refused(const golden::Model& model) {
  const client::BuiltModel built = client::build(model, false);
  if (!built.result.ok()) return model.expect_failure ? "" : "building: " + built.result.message;
  const client::BuiltCompilation compilation = client::compile(built);
  if (compilation.result.code != ANEURALNETWORKS_OP_FAILED) return "not refused";
  for (const golden::Operation& operation : model.main.operations)
    if (compilation.result.message.find(operation.name) != std::string::npos) return {};
  return "refused without a name: " + compilation.result.message;
}

struct Count {
  int float32 = 0;
  int float16 = 0;
  int quantized = 0;
  int refused = 0;

  int run() const { return float32 + float16 + quantized; }
};

void add(Count& count, Group group) {
  switch (group) {
    case Group::float32: ++count.float32; break;
    case Group::float16: ++count.float16; break;
    case Group::quantized: ++count.quantized; break;
    case Group::refused: ++count.refused; break;
  }
}

void print(const std::map<std::string, Count>& counts) {
  std::printf("%-34s %6s %8s %8s %10s %8s\n", "operation", "run", "float32", "float16", "quantized", "refused");
  for (const auto& [name, count] : counts)
    std::printf("%-34s %6d %8d %8d %10d %8d\n", name.c_str(), count.run(), count.float32, count.float16,
                count.quantized, count.refused);
}

}  // namespace

TEST_CASE("golden models", "[shared]") {
  if (golden::directory().empty()) SKIP(golden::why_missing);
  std::map<std::string, Count> by_operation;
  std::set<std::string> not_run = host_operations;
  Count all;
  Steps all_steps;
  int failures = 0;
  golden::for_each_model([&](const golden::Model& model) {
    const Group group = group_of(model);
    Steps steps;
    const std::string wrong = group == Group::refused ? check_refused(model) : check_runs(model, steps);
    std::set<std::string> names;
    for (const golden::Operation& operation : model.main.operations) names.insert(operation.name);
    for (const std::string& name : names) {
      add(by_operation[name], group);
      if (group != Group::refused) not_run.erase(name);
    }
    add(all, group);
    all_steps.elements += steps.elements;
    all_steps.unequal += steps.unequal;
    if (wrong.empty()) return;
    ++failures;
    UNSCOPED_INFO(model.full_name() << ": " << wrong);
    CHECK(wrong.empty());
  });
  by_operation["ALL MODELS"] = all;
  print(by_operation);
  std::printf("8-bit elements: %d, of them a step off: %d\n", all_steps.elements, all_steps.unequal);
  CHECK(all.run() >= models_run_floor);
  CHECK(all_steps.unequal <= most_steps_off);
  CHECK(failures == 0);
  INFO("an operation that the host claims and no golden model runs: " << (not_run.empty() ? "" : *not_run.begin()));
  CHECK(not_run.empty());
}
