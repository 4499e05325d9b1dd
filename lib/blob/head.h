// A module as the tables of a file's head.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "constants.h"
#include "passerelle/blob/write.h"
#include "passerelle/format/model_generated.h"
#include "passerelle/graph/graph.h"
#include "string_pool.h"

namespace passerelle::blob {

/// Shapes and quantizations, each stored once.
class TypePool {
 public:
  uint32_t add_shape(const graph::Shape& shape);
  uint32_t add_quantization(const graph::Quantization& quantization);
  uint32_t add_channels(const graph::Quantization& quantization);

  const std::vector<uint32_t>& dimensions() const { return dimensions_; }
  const std::vector<format::Quantization>& quantizations() const { return quantizations_; }
  const std::vector<std::pair<uint32_t, std::vector<float>>>& channels() const { return channels_; }

 private:
  std::vector<uint32_t> dimensions_;
  std::map<graph::Shape, uint32_t> shape_offsets_;
  std::vector<format::Quantization> quantizations_;
  std::map<std::pair<uint32_t, int32_t>, uint32_t> quantization_indexes_;  // by the scale's bits
  std::vector<std::pair<uint32_t, std::vector<float>>> channels_;
  std::map<std::pair<uint32_t, std::vector<float>>, uint32_t> channel_indexes_;
};

/// What only the writing of the windows tells of them.
struct WindowFacts {
  uint32_t page = 0;  ///< where it starts
  uint64_t digest = 0;
};

/// Everything of the head but the windows' facts. A subgraph's operands are numbered as they are met: its inputs, then
/// each operation's inputs and outputs; what nobody uses is left out.
class Head {
 public:
  static Expected<Head> make(const graph::Module& module, const WriteOptions& options);

  const ConstantStore& constants() const { return constants_; }
  size_t operand_count() const;
  size_t operation_count() const;
  uint32_t constant_count() const { return constant_count_; }

  /// The head's bytes with their size prefix: as many of them, whatever the windows' facts and the file's size are.
  std::vector<unsigned char> serialise(const std::vector<WindowFacts>& windows, uint64_t file_size) const;

 private:
  Head(const graph::Module& module, const WriteOptions& options);

  Expected<void> add_operation(const graph::Operation& operation);
  Expected<uint32_t> operand(graph::OperandId id, const graph::Operation& reader);
  uint32_t scalar(nnapi::OperandType type, uint32_t bits);
  uint32_t omitted(const graph::Operation& operation);
  uint32_t quantization(const graph::TensorType& type);
  uint32_t append(const format::Operand& operand);
  void add_origin(const graph::Operation& operation);

  /// A subgraph of the file.
  struct Part {
    const graph::Graph* graph;
    std::vector<format::Operand> operands;
    std::vector<format::Operation> operations;
    std::vector<uint32_t> indexes;
    std::vector<format::Call> calls;
    std::vector<format::Origin> origins;
    std::vector<std::optional<uint32_t>> numbers;  ///< of the graph's operands in the file
    std::map<std::pair<nnapi::OperandType, uint32_t>, uint32_t> scalars;
    std::map<std::pair<nnapi::OperandType, uint32_t>, uint32_t> omitted;  ///< by type and quantization
    std::map<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>, uint32_t> call_indexes;

    uint32_t border_operand(graph::OperandId id) const;
  };
  Expected<void> add_part(const graph::Graph& graph);
  flatbuffers::Offset<format::Subgraph> add_subgraph(flatbuffers::FlatBufferBuilder& builder, const Part& part,
                                                     bool is_model) const;
  std::string input_name(size_t input) const;
  Part& part() { return parts_.back(); }  ///< that is being made

  const graph::Module& module_;
  WriteOptions options_;
  ConstantStore constants_;
  TypePool types_;
  StringPool strings_;
  std::vector<Part> parts_;
  uint32_t constant_count_ = 0;
};

}  // namespace passerelle::blob
