// A model as data: operands, operations, inputs and outputs. What the C API builds and the executor reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "passerelle/nnapi/legality.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"

namespace passerelle::hostnn {

using nnapi::FeatureLevel;
using nnapi::OperandType;
using nnapi::OperationType;

class Mapping;
struct Graph;

enum class Lifetime { temporary, model_input, model_output, constant, no_value, referenced_model };

struct Operand {
  OperandType type = OperandType::FLOAT32;
  std::vector<uint32_t> dimensions;  ///< 0: a size not known; empty: a scalar, or a tensor of unknown rank
  float scale = 0;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;
  uint32_t channel_dimension = 0;

  Lifetime lifetime = Lifetime::temporary;
  /// Of a constant. The bytes are `copy`'s, or `mapping`'s, or the client's, who keeps them as long as NNAPI asks.
  const void* value = nullptr;
  size_t value_size = 0;
  std::vector<unsigned char> copy;
  std::shared_ptr<const Mapping> mapping;
  std::shared_ptr<const Graph> model;  ///< of a MODEL operand
};

struct Operation {
  OperationType type = OperationType::ADD;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
};

struct Graph {
  std::vector<Operand> operands;
  std::vector<Operation> operations;  ///< in the order in which the client added them
  std::vector<uint32_t> run_order;    ///< indexes of operations, each after what it reads; set by Model::finish
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
  bool relaxed = false;  ///< float32 may be computed as float16 (which the host never does)
};

/// Bytes of the whole operand; 0 where a size or the rank is not known.
uint64_t byte_size(OperandType type, const std::vector<uint32_t>& dimensions);
/// Android keeps lengths in 32 bits.
bool exceeds_32_bits(OperandType type, const std::vector<uint32_t>& dimensions);
/// Whether a tensor's rank or one of its sizes is not known.
bool has_unknown_size(const Operand& operand);
/// Fills in sizes of `known` from `other`; false where they contradict each other.
bool combine_dimensions(std::vector<uint32_t>& known, const std::vector<uint32_t>& other);
/// Same type and quantization.
bool same_metadata(const Operand& a, const Operand& b);

nnapi::OperandView view(const Operand& operand);
/// What lib/nnapi says of one operation of the graph.
nnapi::Legality legality(const Graph& graph, const Operation& operation);

/// "[2,0,3]".
std::string to_string(const std::vector<uint32_t>& dimensions);
/// "operation 3 (CONV_2D)".
std::string describe(const Graph& graph, uint32_t operation);

}  // namespace passerelle::hostnn
