// Names, codes and levels of operations and operand types, and the argument lists.
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "catch.h"
#include "passerelle/nnapi/arguments.h"
#include "passerelle/nnapi/legality.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"
#include "shared_data.h"

namespace passerelle::nnapi::test {

using nlohmann::json;

TEST_CASE("operations have Android's names, codes and levels", "[shared]") {
  std::optional<json> facts = operations_json();
  if (!facts) SKIP(no_shared_data);
  CHECK(facts->at("operations").size() == all_operation_types().size());
  for (const json& row : facts->at("operations")) {
    std::string wanted = row.at("name").get<std::string>();
    INFO(wanted);
    std::optional<OperationType> type = operation_type_from_name(wanted);
    REQUIRE(type.has_value());
    CHECK(static_cast<int32_t>(*type) == row.at("code").get<int32_t>());
    CHECK(operation_type_from_code(row.at("code").get<int32_t>()) == type);
    CHECK(name(*type) == wanted);
    CHECK(introduced(*type) == row.at("feature_level").get<int>());
  }
}

TEST_CASE("operand types have Android's names, codes, levels and sizes", "[shared]") {
  std::optional<json> facts = operations_json();
  if (!facts) SKIP(no_shared_data);
  for (const json& row : facts->at("operand_types")) {
    std::string wanted = row.at("name").get<std::string>();
    INFO(wanted);
    std::optional<OperandType> type = operand_type_from_code(row.at("code").get<int32_t>());
    REQUIRE(type.has_value());
    CHECK(name(*type) == wanted);
    CHECK(introduced(*type) == row.at("feature_level").get<int>());
    CHECK(element_size(*type) == row.at("element_bytes").get<size_t>());
    CHECK(is_tensor(*type) == (row.at("kind") == "tensor"));
    CHECK(is_quantized(*type) == row.contains("scale"));
  }
  CHECK_FALSE(operand_type_from_code(static_cast<int32_t>(facts->at("operand_types").size())).has_value());
}

TEST_CASE("unknown codes and names are not operations") {
  CHECK_FALSE(operation_type_from_code(-1).has_value());
  CHECK_FALSE(operation_type_from_code(106).has_value());
  CHECK_FALSE(operation_type_from_name("CONV_3D").has_value());
  CHECK_FALSE(operand_type_from_code(-1).has_value());
  CHECK_FALSE(operand_type_from_code(16).has_value());
}

TEST_CASE("feature levels and Android's numbers for them") {
  CHECK(feature_level_number(1) == 27);
  CHECK(feature_level_number(5) == 31);
  CHECK(feature_level_number(8) == 1000008);
  CHECK(feature_level_from_number(26) == 0);
  CHECK(feature_level_from_number(29) == 3);
  CHECK(feature_level_from_number(34) == 5);
  CHECK(feature_level_from_number(1000006) == 6);
  CHECK(feature_level_from_number(2000000) == highest_feature_level);
  CHECK(feature_level_name(3) == "API 29");
  CHECK(feature_level_name(7) == "feature level 7");
}

TEST_CASE("argument lists") {
  for (OperationType type : all_operation_types()) {
    INFO(name(type));
    std::set<std::string_view> names;
    for (const ArgumentSpec& argument : argument_table(type)) names.insert(argument.name);
    REQUIRE_FALSE(names.empty());
    CHECK(names.size() == argument_table(type).size());
  }
  CHECK(argument_table(OperationType::CONV_2D).size() == 13);
  CHECK(argument_table(OperationType::DEPTHWISE_CONV_2D).size() == 14);
  CHECK(argument_table(OperationType::BIDIRECTIONAL_SEQUENCE_LSTM).size() == 61);
  CHECK(argument_index(OperationType::CONV_2D, "activation") == 9);
  CHECK(argument_index(OperationType::CONV_2D, "dilation_height") == 12);
  CHECK(argument_index(OperationType::CONV_2D, "beta") == -1);
  const ArgumentSpec& dilation = argument_table(OperationType::CONV_2D)[11];
  CHECK(dilation.kind == ArgumentKind::integer);
  CHECK(std::get<int32_t>(dilation.default_value) == 1);
  CHECK(std::get<int32_t>(argument_table(OperationType::SOFTMAX)[2].default_value) == -1);
  CHECK(std::get<bool>(argument_table(OperationType::RESIZE_BILINEAR)[5].default_value) == false);
  CHECK(argument_table(OperationType::BATCH_MATMUL)[2].default_value.index() == 0);
  CHECK(argument_table(OperationType::CONCATENATION)[0].kind == ArgumentKind::tensors);
  CHECK(argument_table(OperationType::TRANSPOSE)[1].kind == ArgumentKind::optional_tensor);
  CHECK(argument_table(OperationType::IF)[1].kind == ArgumentKind::model);
}

/// The file's roles, where it lists a single way to call the operation: our names stand in the same places.
TEST_CASE("arguments stand where Android's signatures have them", "[shared]") {
  std::optional<json> facts = operations_json();
  if (!facts) SKIP(no_shared_data);
  for (const json& row : facts->at("operations")) {
    const json& variants = row.at("input_variants");
    if (variants.size() != 1 || !row.contains("signatures")) continue;
    OperationType type = *operation_type_from_name(row.at("name").get<std::string>());
    for (const json& input : variants[0].at("inputs")) {
      if (!input.at("index").is_number()) continue;  // CONCATENATION's "0..n-1"
      INFO(name(type) << " " << input.at("role"));
      CHECK(argument_table(type)[input.at("index").get<size_t>()].name == input.at("role").get<std::string>());
    }
  }
}

TEST_CASE("types that operations work on", "[shared]") {
  CHECK(supported_types(OperationType::IF).empty());
  std::optional<json> facts = operations_json();
  if (!facts) SKIP(no_shared_data);
  for (const json& row : facts->at("operations")) {
    if (!row.contains("tensor_types")) continue;
    std::map<std::string, int> wanted;
    for (const json& type : row.at("tensor_types")) wanted.emplace(type.at("type"), type.at("since").get<int>());
    // Android's documentation leaves out what its validation accepts (and its CPU path can't run).
    if (row.at("name") == "DIV") wanted.emplace("TENSOR_QUANT8_ASYMM_SIGNED", 4);
    std::map<std::string, int> found;
    for (const TypeSupport& each : supported_types(*operation_type_from_name(row.at("name").get<std::string>())))
      found[std::string(name(each.type))] = each.level;
    INFO(row.at("name"));
    CHECK(found == wanted);
  }
}

}  // namespace passerelle::nnapi::test
