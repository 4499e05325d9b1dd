// Android's own models: every operation of every model that Android runs is legal, at the level that the model says.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "operands.h"
#include "passerelle/nnapi/infer.h"
#include "shared_data.h"

namespace passerelle::nnapi::test {
namespace {

using nlohmann::json;

std::vector<unsigned char> from_base64(const std::string& text) {
  std::vector<unsigned char> bytes;
  uint32_t bits = 0;
  int count = 0;
  for (char letter : text) {
    static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t digit = alphabet.find(letter);
    if (digit == std::string::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<unsigned char>(bits >> count));
  }
  return bytes;
}

TestOperand operand_from(const json& row) {
  TestOperand operand;
  operand.type = *operand_type_from_code(row.at("type").get<int32_t>());
  operand.dimensions = row.at("dims").get<Dimensions>();
  operand.scale = row.at("scale").get<float>();
  operand.zero_point = row.at("zero_point").get<int32_t>();
  if (row.contains("channel_quant") && !row.at("channel_quant").is_null()) {
    operand.channel_scales = row.at("channel_quant").at("scales").get<std::vector<float>>();
    operand.channel_dimension = row.at("channel_quant").at("channel_dim").get<uint32_t>();
  }
  std::string lifetime = row.at("lifetime").get<std::string>();
  operand.is_constant = lifetime == "CONSTANT";
  operand.omitted = lifetime == "NO_VALUE";
  if (operand.is_constant) operand.value = from_base64(row.at("data").get_ref<const std::string&>());
  return operand;
}

TestOperands operands_of(const json& model) {
  TestOperands operands;
  for (const json& row : model.at("operands")) operands.push_back(operand_from(row));
  return operands;
}

TestOperands chosen(const TestOperands& operands, const json& indexes) {
  TestOperands some;
  for (const json& index : indexes) some.push_back(operands.at(index.get<size_t>()));
  return some;
}

/// Whether Android's runtime takes this trailing argument off before it validates: nchw, align_corners, ... are false,
/// dilations 1, axes -1 where they are left out.
bool may_be_default(Op operation, const TestOperand& argument) {
  if (!argument.is_constant || !argument.dimensions.empty()) return false;
  if (argument.type == Type::BOOL) return argument.value == boolean(false).value;
  bool has_dilation = operation == Op::CONV_2D || operation == Op::DEPTHWISE_CONV_2D;
  return argument.type == Type::INT32 && argument.value == integer(has_dilation ? 1 : -1).value;
}

/// The models' levels are those of the shortest argument lists, so the lists are shortened here like Android does it.
Legality shortest_legality(Op operation, TestOperands inputs, const TestOperands& outputs) {
  Legality lowest = legality_of(operation, inputs, outputs);
  while (lowest && inputs.size() > 1 && may_be_default(operation, inputs.back())) {
    inputs.pop_back();
    Legality shorter = legality_of(operation, inputs, outputs);
    if (shorter && shorter.level < lowest.level) lowest = shorter;
  }
  return lowest;
}

struct ModelVerdict {
  FeatureLevel level = 1;
  std::string refusal;
};

void add_operations(const json& model, ModelVerdict& verdict) {
  TestOperands operands = operands_of(model);
  for (const json& row : model.at("operations")) {
    Op operation = *operation_type_from_code(row.at("code").get<int32_t>());
    Legality found =
        shortest_legality(operation, chosen(operands, row.at("inputs")), chosen(operands, row.at("outputs")));
    if (!found && verdict.refusal.empty()) verdict.refusal = found.reason;
    verdict.level = std::max(verdict.level, found.level);
  }
}

ModelVerdict judge(const json& model) {
  ModelVerdict verdict;
  add_operations(model.at("main"), verdict);
  if (model.contains("referenced"))
    for (const json& each : model.at("referenced")) add_operations(each, verdict);
  return verdict;
}

std::string text(OperandType type, Span<const uint32_t> dimensions) {
  std::string text(name(type));
  for (uint32_t size : dimensions) text += " " + std::to_string(size);
  return text;
}

/// What infer() says of results, where that is not what the model has recorded. A size of 0 says nothing on either
/// side.
struct Comparison {
  int whole = 0;  ///< results of which every size was inferred
  std::vector<std::string> differences{};

  void add(const ResultType& inferred, const TestOperand& recorded, const std::string& operation) {
    const bool same_type = !inferred.type || *inferred.type == recorded.type;
    const bool ranked = !inferred.dimensions.empty() && !recorded.dimensions.empty();
    bool same = same_type && (!ranked || inferred.dimensions.size() == recorded.dimensions.size());
    for (size_t i = 0; same && ranked && i < recorded.dimensions.size(); ++i) {
      const uint32_t a = inferred.dimensions[i], b = recorded.dimensions[i];
      same = a == 0 || b == 0 || a == b;
    }
    const AffineQuantization scale =
        inferred.quantization.value_or(AffineQuantization{recorded.scale, recorded.zero_point});
    same = same && scale.scale == recorded.scale && scale.zero_point == recorded.zero_point;
    const std::vector<uint32_t>& sizes = inferred.dimensions;
    if (same && ranked && std::find(sizes.begin(), sizes.end(), 0u) == sizes.end()) ++whole;
    if (!same)
      differences.push_back(operation + ": " + text(inferred.type.value_or(recorded.type), sizes) + " instead of " +
                            text(recorded.type, recorded.dimensions));
  }
};

/// The models that a model refers to, as views, and what those point at.
struct References {
  std::vector<std::vector<TestOperand>> kept;
  std::vector<std::vector<OperandView>> views;
  std::vector<ModelView> models;

  explicit References(const json& model) {
    if (!model.contains("referenced")) return;
    for (const json& each : model.at("referenced"))
      for (const char* role : {"inputs", "outputs"}) kept.push_back(chosen(operands_of(each), each.at(role)));
    for (const TestOperands& operands : kept) {
      views.emplace_back();
      for (const TestOperand& operand : operands) views.back().push_back(operand.view());
    }
    for (size_t i = 0; i < views.size(); i += 2) models.push_back({views[i], views[i + 1]});
  }
};

/// The values of inputs are in the golden models too: what they decide is inferred.
void compare(const json& model, const References& references, Comparison& comparison) {
  TestOperands operands = operands_of(model);
  for (size_t i = 0; i < operands.size(); ++i) {
    const json& row = model.at("operands").at(i);
    if (row.at("lifetime") == "INPUT") operands[i].value = from_base64(row.value("data", ""));
  }
  for (const json& row : model.at("operations")) {
    const std::string operation = row.at("name").get<std::string>();
    const TestOperands inputs = chosen(operands, row.at("inputs")), outputs = chosen(operands, row.at("outputs"));
    std::vector<OperandView> views;
    for (size_t i = 0; i < inputs.size(); ++i) {
      views.push_back(inputs[i].view());
      const json& operand = model.at("operands").at(row.at("inputs").at(i).get<size_t>());
      if (operand.contains("subgraph_index"))
        views.back().model = &references.models.at(operand.at("subgraph_index").get<size_t>());
    }
    const Expected<std::vector<ResultType>> inferred =
        infer(*operation_type_from_code(row.at("code").get<int32_t>()), views);
    if (!inferred) {
      comparison.differences.push_back(operation + ": " + inferred.error().message);
      continue;
    }
    if (inferred->size() < outputs.size()) comparison.differences.push_back(operation + " has more results");
    for (size_t i = 0; i < std::min(inferred->size(), outputs.size()); ++i)
      comparison.add((*inferred)[i], outputs[i], operation);
  }
}

const std::map<std::string, FeatureLevel> suites = {{"V1_0", 1},          {"V1_1", 2},    {"V1_2", 3},   {"V1_3", 4},
                                                    {"V1_3_cts_only", 4}, {"AIDL_V2", 6}, {"AIDL_V3", 7}};

}  // namespace

TEST_CASE("golden models are legal at their level", "[shared]") {
  for (const auto& [suite, suite_level] : suites) {
    std::optional<std::string> path = shared_file("nnapi_golden/" + suite + ".jsonl.gz");
    if (!path) SKIP(no_shared_data);
    int models = 0;
    for_each_json_line(*path, [&, suite_level = suite_level](const json& model) {
      if (model.at("expect_failure").get<bool>()) return;
      ++models;
      ModelVerdict verdict = judge(model);
      FeatureLevel stated = model.at("min_feature_level").get<int>();
      bool right = stated > 0 ? verdict.level == stated : verdict.level <= suite_level;
      if (verdict.refusal.empty() && right) return;
      FAIL_CHECK(suite << " " << model.at("name") << ": level " << verdict.level << " of " << stated << ", "
                       << verdict.refusal);
    });
    INFO(suite);
    CHECK(models > 0);
  }
}

TEST_CASE("infer gives the golden models' types and shapes", "[shared]") {
  for (const auto& suite : suites) {
    std::optional<std::string> path = shared_file("nnapi_golden/" + suite.first + ".jsonl.gz");
    if (!path) SKIP(no_shared_data);
    int whole = 0;
    for_each_json_line(*path, [&](const json& model) {
      if (model.at("expect_failure").get<bool>()) return;
      Comparison comparison;
      const References references(model);
      compare(model.at("main"), references, comparison);
      if (model.contains("referenced"))
        for (const json& each : model.at("referenced")) compare(each, references, comparison);
      whole += comparison.whole;
      for (const std::string& difference : comparison.differences)
        FAIL_CHECK(suite.first << " " << model.at("name") << ": " << difference);
    });
    INFO(suite.first);
    CHECK(whole > 0);
  }
}

}  // namespace passerelle::nnapi::test
