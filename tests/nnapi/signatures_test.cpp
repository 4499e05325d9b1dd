// Against the operand type lists that Android 13's own checks accept (nnapi_ops.json): each is accepted at exactly its
// level, and no list that differs from one of them in a type or in its last input is, unless it is one of them itself.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "catch.h"
#include "operands.h"
#include "passerelle/nnapi/infer.h"
#include "shared_data.h"

namespace passerelle::nnapi::test {
namespace {

using nlohmann::json;

struct TypeLists {
  std::vector<Type> inputs;
  std::vector<Type> outputs;
  bool operator<(const TypeLists& other) const {
    return std::tie(inputs, outputs) < std::tie(other.inputs, other.outputs);
  }
};

/// Shapes of the tensors among an operation's inputs, by position; the last one stands for those behind it too.
const std::map<Op, std::vector<Dimensions>> input_shapes = {
    {Op::CONV_2D, {{1, 8, 8, 4}, {6, 3, 3, 4}, {6}}},
    {Op::DEPTHWISE_CONV_2D, {{1, 8, 8, 4}, {1, 3, 3, 4}, {4}}},
    {Op::GROUPED_CONV_2D, {{1, 8, 8, 4}, {6, 3, 3, 2}, {6}}},
    {Op::TRANSPOSE_CONV_2D, {{1, 8, 8, 4}, {6, 3, 3, 4}, {6}, {4}}},
    {Op::FULLY_CONNECTED, {{2, 4}, {3, 4}, {3}}},
    {Op::EMBEDDING_LOOKUP, {{3}, {4, 2}}},
    {Op::HASHTABLE_LOOKUP, {{2}, {3}, {3, 2}}},
    {Op::LSH_PROJECTION, {{2, 3}, {4}, {4}}},
    {Op::UNIDIRECTIONAL_SEQUENCE_RNN, {{2, 3, 4}, {5, 4}, {5, 5}, {5}, {3, 5}}},
    {Op::BIDIRECTIONAL_SEQUENCE_RNN,
     {{2, 3, 4}, {5, 4}, {5, 5}, {5}, {3, 5}, {5, 4}, {5, 5}, {5}, {3, 5}, {2, 3, 4}, {5, 4}}},
    {Op::UNIDIRECTIONAL_SEQUENCE_LSTM, {{2, 3, 4}, {5, 4}}},
    {Op::BIDIRECTIONAL_SEQUENCE_LSTM, {{2, 3, 4}, {5, 4}}},
    {Op::QUANTIZED_LSTM, {{3, 4}, {5, 4}}},
    {Op::QUANTIZED_16BIT_LSTM,
     {{3, 4}, {5, 4}, {5, 4}, {5, 4}, {5, 4}, {5, 5}, {5, 5}, {5, 5}, {5, 5}, {5}, {5}, {5}, {5}, {3, 5}}},
    {Op::AXIS_ALIGNED_BBOX_TRANSFORM, {{2, 4}, {2, 8}, {2}, {1, 2}}},
    {Op::BOX_WITH_NMS_LIMIT, {{2, 3}, {2, 12}, {2}}},
    {Op::GENERATE_PROPOSALS, {{1, 4, 4, 2}, {1, 4, 4, 8}, {2, 4}, {1, 2}}},
    {Op::DETECTION_POSTPROCESSING, {{1, 6, 3}, {1, 6, 4}, {6, 4}}},
    {Op::HEATMAP_MAX_KEYPOINT, {{2, 4, 4, 3}, {2, 4}}},
    {Op::ROI_ALIGN, {{1, 4, 4, 1}, {2, 4}, {2}}},
    {Op::ROI_POOLING, {{1, 4, 4, 1}, {2, 4}, {2}}},
    {Op::BATCH_TO_SPACE_ND, {{4, 2, 2, 1}, {2}}},
    {Op::SPACE_TO_BATCH_ND, {{1, 4, 4, 1}, {2}, {2, 2}}},
    {Op::PAD, {{1, 2, 3, 1}, {4, 2}}},
    {Op::PAD_V2, {{1, 2, 3, 1}, {4, 2}}},
    {Op::MIRROR_PAD, {{1, 2, 3, 1}, {4, 2}}},
    {Op::SLICE, {{1, 2, 3, 1}, {4}}},
    {Op::STRIDED_SLICE, {{1, 2, 3, 1}, {4}}},
    {Op::TRANSPOSE, {{1, 2, 3, 1}, {4}}},
    {Op::TILE, {{1, 2, 3, 1}, {4}}},
    {Op::RESHAPE, {{1, 2, 3, 1}, {2}}},
    {Op::SQUEEZE, {{1, 2, 3, 1}, {2}}},
    {Op::MEAN, {{1, 2, 3, 1}, {1}}},
    {Op::REDUCE_ALL, {{1, 2, 3, 1}, {1}}},
    {Op::REDUCE_ANY, {{1, 2, 3, 1}, {1}}},
    {Op::REDUCE_MAX, {{1, 2, 3, 1}, {1}}},
    {Op::REDUCE_MIN, {{1, 2, 3, 1}, {1}}},
    {Op::REDUCE_PROD, {{1, 2, 3, 1}, {1}}},
    {Op::REDUCE_SUM, {{1, 2, 3, 1}, {1}}},
    {Op::REVERSE, {{1, 2, 3, 1}, {1}}},
    {Op::FILL, {{2}}},
};

const Dimensions usual_shape = {1, 4, 4, 4};

Dimensions input_shape(Op operation, size_t index) {
  auto row = input_shapes.find(operation);
  if (row == input_shapes.end()) return usual_shape;
  return row->second[std::min(index, row->second.size() - 1)];
}

/// Scale and zero point that suit the operand: one half for most, so that inputs and outputs agree and products are
/// less.
void quantize(Op operation, bool is_output, TestOperand& operand) {
  bool is_signed = operand.type == Type::TENSOR_QUANT8_ASYMM_SIGNED;
  operand.scale = 0.5f;
  if (operand.type == Type::TENSOR_QUANT16_ASYMM || operand.type == Type::TENSOR_QUANT16_SYMM) operand.scale = 0.125f;
  if (operation == Op::QUANTIZED_16BIT_LSTM) {
    operand.scale = operand.type == Type::TENSOR_QUANT16_SYMM ? 1.0f / 2048 : 1.0f / 128;
    operand.zero_point = operand.type == Type::TENSOR_QUANT16_SYMM ? 0 : 128;
  }
  if (!is_output) return;
  if (operation == Op::LOGISTIC || operation == Op::SOFTMAX) {
    operand.scale = 1.0f / 256;
    operand.zero_point = is_signed ? -128 : 0;
  }
  if (operation == Op::TANH || operation == Op::L2_NORMALIZATION) {
    operand.scale = 1.0f / 128;
    operand.zero_point = is_signed ? 0 : 128;
  }
}

TestOperand operand_of(Op operation, bool is_output, size_t index, Type type) {
  TestOperand operand;
  operand.type = type;
  if (!is_tensor(type)) return operand;
  operand.dimensions = is_output ? usual_shape : input_shape(operation, index);
  if (operation == Op::CAST) operand.dimensions = usual_shape;
  if (type == Type::TENSOR_QUANT8_SYMM_PER_CHANNEL) {
    uint32_t dimension = operation == Op::DEPTHWISE_CONV_2D ? 3 : 0;
    if (dimension < operand.dimensions.size()) return per_channel(operand.dimensions, dimension);
  } else if (is_quantized(type)) {
    quantize(operation, is_output, operand);
  }
  return operand;
}

/// Scales that depend on other operands.
void finish(Op operation, TestOperands& inputs, TestOperands& outputs) {
  const std::set<Op> with_bias = {Op::CONV_2D, Op::DEPTHWISE_CONV_2D, Op::GROUPED_CONV_2D, Op::TRANSPOSE_CONV_2D,
                                  Op::FULLY_CONNECTED};
  bool product = with_bias.count(operation) > 0 && inputs.size() > 2 && inputs[2].type == Type::TENSOR_INT32;
  if (product) inputs[2].scale = inputs[0].scale * inputs[1].scale;
  if (operation == Op::QUANTIZED_16BIT_LSTM)
    for (TestOperand& input : inputs)
      if (input.type == Type::TENSOR_INT32) input.scale = 1.0f / 128 / 128;
  if (operation == Op::HASHTABLE_LOOKUP && outputs.size() == 2 && is_quantized(outputs[1].type)) outputs[1].scale = 1;
}

/// Results have the sizes that follow from the operands, as far as those are known.
void give_inferred_sizes(Op operation, const TestOperands& inputs, TestOperands& outputs) {
  const Expected<std::vector<ResultType>> inferred = infer(operation, views(inputs));
  if (!inferred) return;
  for (size_t i = 0; i < std::min(inferred->size(), outputs.size()); ++i)
    if (is_tensor(outputs[i].type) && !(*inferred)[i].dimensions.empty())
      outputs[i].dimensions = (*inferred)[i].dimensions;
}

Legality legality_of(Op operation, const TypeLists& types) {
  TestOperands inputs;
  TestOperands outputs;
  for (Type type : types.inputs) inputs.push_back(operand_of(operation, false, inputs.size(), type));
  for (Type type : types.outputs) outputs.push_back(operand_of(operation, true, outputs.size(), type));
  give_inferred_sizes(operation, inputs, outputs);
  finish(operation, inputs, outputs);
  return legality_of(operation, inputs, outputs);
}

std::string text(const TypeLists& types) {
  std::string text;
  for (Type type : types.inputs) text += std::string(name(type)) + " ";
  text += "->";
  for (Type type : types.outputs) text += " " + std::string(name(type));
  return text;
}

using Accepted = std::map<TypeLists, FeatureLevel>;

Accepted accepted_by_android(const json& operation) {
  std::map<std::string, Type> types;
  for (int32_t code = 0; auto type = operand_type_from_code(code); ++code) types[std::string(name(*type))] = *type;
  Accepted accepted;
  for (const json& row : operation.at("signatures")) {
    TypeLists lists;
    for (const json& type : row.at("in")) lists.inputs.push_back(types.at(type.get<std::string>()));
    for (const json& type : row.at("out")) lists.outputs.push_back(types.at(type.get<std::string>()));
    accepted[lists] = row.at("since").get<int>();
  }
  return accepted;
}

/// Android accepts a per-channel filter in every form; the file, found by asking with the golden models' channel
/// dimensions, has only some of DEPTHWISE_CONV_2D's.
bool missing_in_file(Op operation, const TypeLists& types) {
  return operation == Op::DEPTHWISE_CONV_2D && types.inputs.size() > 1 &&
         types.inputs[1] == Type::TENSOR_QUANT8_SYMM_PER_CHANNEL;
}

/// A list that is not among Android's must be refused.
void require_refused(Op operation, const TypeLists& types, const Accepted& accepted) {
  if (accepted.count(types) > 0 || missing_in_file(operation, types)) return;
  Legality found = legality_of(operation, types);
  if (!found && !found.reason.empty()) return;
  FAIL_CHECK(name(operation) << " " << text(types) << " is accepted at level " << found.level);
}

void require_neighbours_refused(Op operation, const TypeLists& types, const Accepted& accepted) {
  for (std::vector<Type> TypeLists::*side : {&TypeLists::inputs, &TypeLists::outputs}) {
    for (size_t i = 0; i < (types.*side).size(); ++i) {
      for (int32_t code = 0; auto type = operand_type_from_code(code); ++code) {
        TypeLists changed = types;
        (changed.*side)[i] = *type;
        require_refused(operation, changed, accepted);
      }
    }
  }
  // These take other counts than those of the file.
  if (operation == Op::CONCATENATION || operation == Op::PACK || operation == Op::SPLIT) return;
  TypeLists shorter = types;
  shorter.inputs.pop_back();
  require_refused(operation, shorter, accepted);
}

}  // namespace

TEST_CASE("every signature of Android's is accepted at exactly its level, and no other", "[shared]") {
  std::optional<json> facts = operations_json();
  if (!facts) SKIP(no_shared_data);
  size_t signatures = 0;
  for (const json& row : facts->at("operations")) {
    if (!row.contains("signatures")) continue;  // IF and WHILE take any
    Op operation = *operation_type_from_name(row.at("name").get<std::string>());
    Accepted accepted = accepted_by_android(row);
    for (const auto& [types, level] : accepted) {
      ++signatures;
      Legality found = legality_of(operation, types);
      if (found.level != level) {
        FAIL_CHECK(name(operation) << " " << text(types) << ": level " << found.level << " instead of " << level << " "
                                   << found.reason);
      }
      require_neighbours_refused(operation, types, accepted);
    }
  }
  CHECK(signatures > 500);
}

}  // namespace passerelle::nnapi::test
