#include "execution.h"

#include <algorithm>

#include "model.h"

namespace passerelle::hostnn {
namespace {

std::string argument_name(const char* kind, int32_t index) { return std::string(kind) + " " + std::to_string(index); }

/// A type given at execution may fill in sizes that the model leaves open, and change nothing else.
Status check_new_type(const Operand& operand, const ANeuralNetworksOperandType* type, bool sizes_may_be_unknown) {
  if (type == nullptr) {
    if (!sizes_may_be_unknown && has_unknown_size(operand))
      return bad_data("dimensions " + to_string(operand.dimensions) + " are not fully known, and no type was given");
    return success();
  }
  PASSERELLE_RETURN_IF_FAILED(check_operand_type(*type, sizes_may_be_unknown));
  const std::vector<uint32_t> given(type->dimensions, type->dimensions + type->dimensionCount);
  if (operand.dimensions.empty()) return success();
  bool fits = given.size() == operand.dimensions.size();
  for (size_t i = 0; fits && i < given.size(); ++i)
    fits = operand.dimensions[i] == 0 || given[i] == operand.dimensions[i];
  if (fits) return success();
  return bad_data("dimensions " + to_string(given) + " contradict the model's " + to_string(operand.dimensions));
}

}  // namespace

Event::~Event() {
  if (thread_.joinable()) thread_.join();
}

Status Event::wait() const {
  std::unique_lock<std::mutex> lock(mutex_);
  finished_.wait(lock, [this] { return status_.has_value(); });
  return *status_;
}

void Event::finish(Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  status_ = std::move(status);
  finished_.notify_all();
}

Execution::Execution(const Compilation& compilation)
    : compilation_(&compilation),
      graph_(compilation.shared_graph()),
      program_(compilation.program()),
      inputs_(graph_->inputs.size()),
      outputs_(graph_->outputs.size()) {}

Status Execution::check_preparation() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_ == State::preparation ? success() : bad_state("the execution has started and can't be changed");
}

bool Execution::is_running() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_ == State::running;
}

/// More bytes than the operand needs are padding, and that must be enabled.
Status Execution::check_length(const Operand& operand, const Argument& argument) const {
  const uint64_t needed = byte_size(operand.type, argument.buffer.dimensions);
  const size_t length = argument.buffer.capacity;
  if (length > UINT32_MAX) return bad_data("a length of " + std::to_string(length) + " bytes exceeds 32 bits");
  if (needed == 0 || needed == length) return success();
  const std::string difference = std::to_string(length) + " bytes where " + std::to_string(needed) + " are needed";
  if (needed > length) return bad_data(difference);
  return padding_enabled_ ? success() : bad_data(difference + ", and padding is not enabled");
}

Status Execution::set_argument(std::vector<Argument>& arguments, const std::vector<uint32_t>& operands, int32_t index,
                               const ANeuralNetworksOperandType* type, Argument argument, bool sizes_may_be_unknown) {
  PASSERELLE_RETURN_IF_FAILED(check_preparation());
  const bool is_output = &arguments == &outputs_;
  const std::string name = argument_name(is_output ? "output" : "input", index);
  if (static_cast<uint32_t>(index) >= arguments.size()) return bad_data("there is no " + name);
  const Operand& operand = graph_->operands[operands[index]];
  if (Status status = check_new_type(operand, type, sizes_may_be_unknown); !status.ok())
    return bad_data(name + ": " + status.message);
  if (arguments[index].is_set) return bad_state(name + " is set already");
  argument.is_set = true;
  if (type == nullptr) {
    argument.buffer.dimensions = operand.dimensions;
  } else {
    argument.buffer.dimensions.assign(type->dimensions, type->dimensions + type->dimensionCount);
  }
  if (argument.buffer.data != nullptr) {
    if (Status status = check_length(operand, argument); !status.ok()) return bad_data(name + ": " + status.message);
  }
  argument.dimensions = argument.buffer.dimensions;
  arguments[index] = std::move(argument);
  any_argument_set_ = true;
  return success();
}

Status Execution::set_input(int32_t index, const ANeuralNetworksOperandType* type, const void* buffer, size_t length) {
  if (buffer != nullptr && length == 0) return bad_data("a buffer of 0 bytes");
  Argument argument;
  argument.buffer.data = const_cast<void*>(buffer);  // inputs are only read
  argument.buffer.capacity = length;
  return set_argument(inputs_, graph_->inputs, index, type, std::move(argument), buffer == nullptr);
}

Status Execution::set_output(int32_t index, const ANeuralNetworksOperandType* type, void* buffer, size_t length) {
  if (buffer != nullptr && length == 0) return bad_data("a buffer of 0 bytes");
  Argument argument;
  argument.buffer.data = buffer;
  argument.buffer.capacity = length;
  return set_argument(outputs_, graph_->outputs, index, type, std::move(argument), true);
}

Status Execution::set_from_memory(std::vector<Argument>& arguments, const std::vector<uint32_t>& operands,
                                  bool is_output, int32_t index, const ANeuralNetworksOperandType* type, Memory& memory,
                                  size_t offset, size_t length) {
  PASSERELLE_RETURN_IF_FAILED(
      memory.check_use({compilation_, is_output, static_cast<uint32_t>(index)}, offset, length));
  Argument argument;
  argument.memory = &memory;
  argument.mapping = memory.mapping;
  argument.buffer.data = memory.mapping->data() + offset;
  argument.buffer.capacity = memory.from_descriptor() ? memory.mapping->size() : length;
  return set_argument(arguments, operands, index, type, std::move(argument), is_output);
}

Status Execution::set_input(int32_t index, const ANeuralNetworksOperandType* type, Memory& memory, size_t offset,
                            size_t length) {
  return set_from_memory(inputs_, graph_->inputs, false, index, type, memory, offset, length);
}

Status Execution::set_output(int32_t index, const ANeuralNetworksOperandType* type, Memory& memory, size_t offset,
                             size_t length) {
  return set_from_memory(outputs_, graph_->outputs, true, index, type, memory, offset, length);
}

Status Execution::enable_padding(bool enable) {
  PASSERELLE_RETURN_IF_FAILED(check_preparation());
  if (any_argument_set_) return bad_state("padding must be enabled before inputs and outputs are set");
  padding_enabled_ = enable;
  return success();
}

Status Execution::set_reusable(bool reusable) {
  PASSERELLE_RETURN_IF_FAILED(check_preparation());
  reusable_ = reusable;
  return success();
}

Status Execution::set_measure_timing(bool measure) {
  if (!compilation_->for_devices())
    return bad_data("measuring needs a compilation made by createForDevices with one device");
  PASSERELLE_RETURN_IF_FAILED(check_preparation());
  measures_ = measure;
  return success();
}

Status Execution::set_timeout(uint64_t nanoseconds) {
  if (!compilation_->for_devices())
    return bad_data("timeouts need a compilation made by createForDevices with one device");
  PASSERELLE_RETURN_IF_FAILED(check_preparation());
  timeout_.reset();
  if (nanoseconds != 0)
    timeout_ = std::chrono::nanoseconds(std::min<uint64_t>(nanoseconds, std::chrono::nanoseconds::max().count() / 2));
  return success();
}

Status Execution::set_loop_timeout(uint64_t nanoseconds) {
  PASSERELLE_RETURN_IF_FAILED(check_preparation());
  loop_timeout_ = std::chrono::nanoseconds(std::min(nanoseconds, maximum_loop_timeout));
  return success();
}

/// To `running`, where the execution may run (again).
Status Execution::begin() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_ == State::running) return bad_state("the execution is running");
  if (state_ == State::completed && !reusable_) return bad_state("the execution has run, and is not reusable");
  state_ = State::running;
  return success();
}

Status Execution::run() {
  const auto all_set = [](const std::vector<Argument>& arguments) {
    return std::all_of(arguments.begin(), arguments.end(), [](const Argument& argument) { return argument.is_set; });
  };
  if (!all_set(inputs_)) return finish(bad_data("not all inputs are set"), {});
  if (!all_set(outputs_)) return finish(bad_data("not all outputs are set"), {});
  std::vector<Buffer> inputs;
  for (const Argument& input : inputs_) {
    if (input.memory != nullptr && !input.memory->initialised)
      return finish(operation_failed("an input's memory was never written"), {});
    inputs.push_back(input.buffer);
  }
  std::vector<Buffer> outputs;
  for (const Argument& output : outputs_) outputs.push_back(output.buffer);

  const auto start = std::chrono::steady_clock::now();
  RunLimits limits;
  limits.loop_timeout = loop_timeout_;
  if (timeout_) limits.deadline = start + *timeout_;
  std::vector<OutputShape> shapes;
  Status status = program_->run(inputs, outputs, limits, shapes);
  duration_ = std::chrono::steady_clock::now() - start;
  return finish(std::move(status), shapes);
}

Status Execution::finish(Status status, const std::vector<OutputShape>& shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    outputs_[i].dimensions = shapes[i].dimensions;
    outputs_[i].is_sufficient = shapes[i].is_sufficient;
  }
  for (Argument& output : outputs_)
    if (output.memory != nullptr) output.memory->initialised = status.ok();
  const std::lock_guard<std::mutex> lock(mutex_);
  result_ = status.code;
  state_ = State::completed;
  return status;
}

Status Execution::compute() {
  PASSERELLE_RETURN_IF_FAILED(begin());
  return run();
}

Status Execution::compute(Burst& burst) {
  if (burst.compilation != compilation_) return bad_data("the burst belongs to another compilation");
  if (burst.in_use.exchange(true)) return bad_state("the burst is in use");
  Status status = compute();
  burst.in_use = false;
  return status;
}

Status Execution::start(std::unique_ptr<Event>& event) { return start_after({}, 0, event); }

Status Execution::start_after(const std::vector<const Event*>& dependencies, uint64_t nanoseconds,
                              std::unique_ptr<Event>& event) {
  if (nanoseconds != 0 && !compilation_->for_devices())
    return bad_data("a duration needs a compilation made by createForDevices with one device");
  PASSERELLE_RETURN_IF_FAILED(begin());
  event = std::make_unique<Event>();
  event->own(std::thread([this, dependencies, event = event.get()] {
    for (const Event* dependency : dependencies) {
      if (dependency->wait().ok()) continue;
      event->finish(finish(operation_failed("an execution that this one waits for failed"), {}));
      return;
    }
    event->finish(run());
  }));
  return success();
}

Status Execution::check_completed_output(int32_t index) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::completed) return bad_state("the execution has not finished");
  if (result_ != ANEURALNETWORKS_NO_ERROR && result_ != ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE)
    return bad_state("the execution failed");
  if (static_cast<uint32_t>(index) >= outputs_.size()) return bad_data("there is no " + argument_name("output", index));
  return success();
}

Status Execution::output_rank(int32_t index, uint32_t& rank) const {
  PASSERELLE_RETURN_IF_FAILED(check_completed_output(index));
  rank = static_cast<uint32_t>(outputs_[index].dimensions.size());
  if (outputs_[index].is_sufficient) return success();
  return {ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE, argument_name("output", index) + " did not fit its buffer"};
}

Status Execution::output_dimensions(int32_t index, uint32_t* dimensions) const {
  PASSERELLE_RETURN_IF_FAILED(check_completed_output(index));
  const Argument& output = outputs_[index];
  if (output.dimensions.empty()) return bad_data(argument_name("output", index) + " is a scalar");
  std::copy(output.dimensions.begin(), output.dimensions.end(), dimensions);
  if (output.is_sufficient) return success();
  return {ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE, argument_name("output", index) + " did not fit its buffer"};
}

Status Execution::duration(uint64_t& nanoseconds) const {
  nanoseconds = UINT64_MAX;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::completed) return bad_state("the execution has not finished");
  if (result_ != ANEURALNETWORKS_NO_ERROR) return bad_state("the execution failed");
  if (!measures_) return bad_state("the execution did not measure its time");
  nanoseconds = static_cast<uint64_t>(duration_.count());
  return success();
}

}  // namespace passerelle::hostnn
