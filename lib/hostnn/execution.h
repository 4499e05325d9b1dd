// ANeuralNetworksExecution, and the events and bursts that go with it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "compilation.h"
#include "memory.h"
#include "program.h"
#include "status.h"

namespace passerelle::hostnn {

/// ANeuralNetworksEvent: an execution that runs in a thread of its own.
class Event {
 public:
  Event() = default;
  ~Event();
  Status wait() const;
  void finish(Status status);
  /// The thread that will call finish().
  void own(std::thread thread) { thread_ = std::move(thread); }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable finished_;
  std::optional<Status> status_;
  std::thread thread_;
};

/// ANeuralNetworksBurst.
struct Burst {
  explicit Burst(const Compilation& compilation) : compilation(&compilation) {}
  const Compilation* compilation;
  std::atomic<bool> in_use{false};
};

// Nanoseconds, as Android's.
inline constexpr uint64_t default_loop_timeout = 2'000'000'000;
inline constexpr uint64_t maximum_loop_timeout = 15'000'000'000;

class Execution {
 public:
  explicit Execution(const Compilation& compilation);

  Status set_input(int32_t index, const ANeuralNetworksOperandType* type, const void* buffer, size_t length);
  Status set_input(int32_t index, const ANeuralNetworksOperandType* type, Memory& memory, size_t offset, size_t length);
  Status set_output(int32_t index, const ANeuralNetworksOperandType* type, void* buffer, size_t length);
  Status set_output(int32_t index, const ANeuralNetworksOperandType* type, Memory& memory, size_t offset,
                    size_t length);
  Status enable_padding(bool enable);
  Status set_reusable(bool reusable);
  Status set_measure_timing(bool measure);
  Status set_timeout(uint64_t nanoseconds);
  Status set_loop_timeout(uint64_t nanoseconds);

  Status compute();
  Status compute(Burst& burst);
  Status start(std::unique_ptr<Event>& event);
  Status start_after(const std::vector<const Event*>& dependencies, uint64_t nanoseconds,
                     std::unique_ptr<Event>& event);

  Status output_rank(int32_t index, uint32_t& rank) const;
  Status output_dimensions(int32_t index, uint32_t* dimensions) const;
  Status duration(uint64_t& nanoseconds) const;
  bool is_running() const;

 private:
  enum class State { preparation, running, completed };
  struct Argument {
    bool is_set = false;
    Buffer buffer;
    std::vector<uint32_t> dimensions;  ///< outputs: after the last run
    bool is_sufficient = true;
    Memory* memory = nullptr;
    std::shared_ptr<Mapping> mapping;
  };

  Status check_preparation() const;
  Status set_argument(std::vector<Argument>& arguments, const std::vector<uint32_t>& operands, int32_t index,
                      const ANeuralNetworksOperandType* type, Argument argument, bool sizes_may_be_unknown);
  Status check_length(const Operand& operand, const Argument& argument) const;
  Status set_from_memory(std::vector<Argument>& arguments, const std::vector<uint32_t>& operands, bool is_output,
                         int32_t index, const ANeuralNetworksOperandType* type, Memory& memory, size_t offset,
                         size_t length);
  Status begin();
  Status run();
  Status finish(Status status, const std::vector<OutputShape>& shapes);
  Status check_completed_output(int32_t index) const;

  const Compilation* compilation_;
  std::shared_ptr<const Graph> graph_;
  std::shared_ptr<const Program> program_;
  std::vector<Argument> inputs_;
  std::vector<Argument> outputs_;
  bool padding_enabled_ = false;
  bool any_argument_set_ = false;
  bool reusable_ = false;
  bool measures_ = false;
  std::optional<std::chrono::nanoseconds> timeout_;
  std::chrono::nanoseconds loop_timeout_{default_loop_timeout};

  mutable std::mutex mutex_;  // guards state_
  State state_ = State::preparation;
  int result_ = ANEURALNETWORKS_NO_ERROR;  // of the last run
  std::chrono::nanoseconds duration_{0};
};

}  // namespace passerelle::hostnn
