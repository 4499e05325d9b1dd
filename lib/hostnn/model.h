// ANeuralNetworksModel: building a graph call by call, with the checks that Android makes at each call.
#pragma once

#include <memory>

#include "graph.h"
#include "memory.h"
#include "status.h"

namespace passerelle::hostnn {

class Model {
 public:
  Status add_operand(const ANeuralNetworksOperandType& type);
  /// Copies up to 128 bytes; a longer value stays the client's. Null and 0: the operand is left out.
  Status set_value(int32_t index, const void* buffer, size_t length);
  Status set_value(int32_t index, const Memory& memory, size_t offset, size_t length);
  Status set_value(int32_t index, const Model& value);
  Status set_channel_quantization(int32_t index, const ANeuralNetworksSymmPerChannelQuantParams& parameters);
  Status add_operation(int32_t type, uint32_t input_count, const uint32_t* inputs, uint32_t output_count,
                       const uint32_t* outputs);
  Status identify_inputs_and_outputs(uint32_t input_count, const uint32_t* inputs, uint32_t output_count,
                                     const uint32_t* outputs);
  Status relax(bool allow);
  /// Orders the operations and validates the whole model at the level that the runtime claims.
  Status finish();

  bool is_finished() const { return state_ == State::finished; }
  /// Never changed once the model is finished.
  const std::shared_ptr<Graph>& graph() const { return graph_; }

 private:
  enum class State { building, finished, invalid };
  Status check_building() const;
  Status check_constant(int32_t index, size_t length) const;
  Status mark(const uint32_t* indexes, uint32_t count, Lifetime lifetime, std::vector<uint32_t>& list);

  State state_ = State::building;
  std::shared_ptr<Graph> graph_ = std::make_shared<Graph>();
};

/// Checks type, dimensions and quantization as Android's addOperand does; `partial` allows unknown sizes and rank.
Status check_operand_type(const ANeuralNetworksOperandType& type, bool partial);

}  // namespace passerelle::hostnn
