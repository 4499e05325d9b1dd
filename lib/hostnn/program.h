// A graph made ready for LibTorch, and run. The border: no LibTorch above this header.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "graph.h"
#include "status.h"

namespace passerelle::hostnn {

/// What an execution gives for an input or output. Null: left out.
struct Buffer {
  void* data = nullptr;
  size_t capacity = 0;               ///< bytes
  std::vector<uint32_t> dimensions;  ///< inputs: known; outputs: what the client and the model say, 0 where unknown
};

struct OutputShape {
  std::vector<uint32_t> dimensions;
  bool is_sufficient = true;  ///< whether the buffer could hold it
};

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

struct RunLimits {
  Deadline deadline;                      ///< of the execution, checked between operations
  std::chrono::nanoseconds loop_timeout;  ///< how long each WHILE may loop
};

class Subprogram;

/// Empty where the host can run the operation, or else why not: the operation or a type of its operands is missing.
std::string why_unsupported(const Graph& graph, const Operation& operation);

class Program {
 public:
  /// Fails, naming the first operation, where why_unsupported does. Converts constant weights once.
  static Status compile(std::shared_ptr<const Graph> graph, std::unique_ptr<Program>& program);
  ~Program();

  /// May run in several threads at once. `shapes` gets one element an output, on success and on
  /// OUTPUT_INSUFFICIENT_SIZE; it is empty on any other failure.
  Status run(const std::vector<Buffer>& inputs, const std::vector<Buffer>& outputs, const RunLimits& limits,
             std::vector<OutputShape>& shapes) const;

 private:
  explicit Program(std::unique_ptr<const Subprogram> main);
  std::unique_ptr<const Subprogram> main_;
};

}  // namespace passerelle::hostnn
