// What schemas/model.fbs marks as a RULE.
#pragma once

#include <cstdint>
#include <string>

#include "passerelle/format/model_generated.h"

namespace passerelle::blob {

inline constexpr uint16_t known_major_version = 2;
inline constexpr uint16_t control_flow_version = 2;

/// The first rule that a model breaks, as a sentence without a full stop; empty where it breaks none. FlatBuffers'
/// verifier must have passed the head before.
std::string flaw(const format::Model& model, uint64_t head_size, uint64_t file_size);

}  // namespace passerelle::blob
