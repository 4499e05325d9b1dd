// NNAPI's operand types: codes, names, the feature level that each came in, and how elements are stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace passerelle::nnapi {

/// 1 to 8. Levels 1 to 5 are Android API levels 27 to 31; 6 to 8 arrive by module update.
using FeatureLevel = int;
inline constexpr FeatureLevel lowest_feature_level = 1;
inline constexpr FeatureLevel highest_feature_level = 8;

/// ANeuralNetworks' own number of a level: 27 .. 31, 1000006 .. 1000008.
int64_t feature_level_number(FeatureLevel level);
/// The greatest level whose number is at most `number`; 0 below API 27.
FeatureLevel feature_level_from_number(int64_t number);
/// "API 29", "feature level 6".
std::string_view feature_level_name(FeatureLevel level);

/// OperandCode of NeuralNetworksTypes.h: same names (without the prefix), same values.
enum class OperandType : int32_t {
#define PASSERELLE_OPERAND_TYPE(name, code, ...) name = code,
#include "passerelle/nnapi/operand_types.def"
#undef PASSERELLE_OPERAND_TYPE
};

std::string_view name(OperandType type);
std::optional<OperandType> operand_type_from_code(int32_t code);
FeatureLevel introduced(OperandType type);
/// Bytes of a scalar, or of one element of a tensor; 0 for MODEL.
size_t element_size(OperandType type);
bool is_tensor(OperandType type);
bool is_quantized(OperandType type);

}  // namespace passerelle::nnapi
