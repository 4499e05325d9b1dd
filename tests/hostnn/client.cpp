#include "client.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace client {
namespace {

namespace golden = passerelle::golden;

Result result_of(int code) { return {code, code == ANEURALNETWORKS_NO_ERROR ? "" : passerelle_hostnn_last_error()}; }

/// Remembers the first failure and does nothing after it.
class Steps {
 public:
  template <typename Call>
  void operator()(Call&& call) {
    if (result_.ok()) result_ = result_of(call());
  }
  const Result& result() const { return result_; }

 private:
  Result result_;
};

ANeuralNetworksOperandType operand_type(const golden::Operand& operand, const std::vector<uint32_t>& dimensions) {
  return {operand.type, static_cast<uint32_t>(dimensions.size()), dimensions.empty() ? nullptr : dimensions.data(),
          operand.scale, operand.zero_point};
}

BuiltModel build_graph(const golden::Model& source, const golden::Graph& graph, bool unknown_outputs);

void set_value(const golden::Model& source, const golden::Operand& operand, int32_t index, BuiltModel& built,
               Steps& step) {
  ANeuralNetworksModel* model = built.model.get();
  switch (operand.lifetime) {
    case golden::Lifetime::constant:
      if (operand.is_in_memory) {
        built.memories.push_back(make_memory(operand.data));
        step([&] {
          return ANeuralNetworksModel_setOperandValueFromMemory(model, index, built.memories.back().get(), 0,
                                                                operand.data.size());
        });
      } else {
        step([&] {
          return ANeuralNetworksModel_setOperandValue(model, index, operand.data.data(), operand.data.size());
        });
      }
      break;
    case golden::Lifetime::no_value:
      step([&] { return ANeuralNetworksModel_setOperandValue(model, index, nullptr, 0); });
      break;
    case golden::Lifetime::subgraph:
      built.referenced.push_back(build_graph(source, source.referenced[operand.subgraph], false));
      step([&] {
        return ANeuralNetworksModel_setOperandValueFromModel(model, index, built.referenced.back().model.get());
      });
      break;
    default: break;
  }
}

void add_operand(const golden::Model& source, const golden::Operand& operand, int32_t index, bool unknown_sizes,
                 BuiltModel& built, Steps& step) {
  std::vector<uint32_t> dimensions = operand.dimensions;
  if (unknown_sizes) dimensions.assign(dimensions.size(), 0);
  const ANeuralNetworksOperandType type = operand_type(operand, dimensions);
  step([&] { return ANeuralNetworksModel_addOperand(built.model.get(), &type); });
  if (!operand.channel_scales.empty()) {
    const ANeuralNetworksSymmPerChannelQuantParams parameters{
        operand.channel_dimension, static_cast<uint32_t>(operand.channel_scales.size()), operand.channel_scales.data()};
    step([&] {
      return ANeuralNetworksModel_setOperandSymmPerChannelQuantParams(built.model.get(), index, &parameters);
    });
  }
  set_value(source, operand, index, built, step);
}

BuiltModel build_graph(const golden::Model& source, const golden::Graph& graph, bool unknown_outputs) {
  BuiltModel built;
  built.model = make_model();
  ANeuralNetworksModel* model = built.model.get();
  Steps step;
  for (size_t i = 0; i < graph.operands.size(); ++i) {
    const golden::Operand& operand = graph.operands[i];
    add_operand(source, operand, static_cast<int32_t>(i),
                unknown_outputs && operand.lifetime == golden::Lifetime::output, built, step);
  }
  for (const golden::Operation& operation : graph.operations) {
    step([&] {
      return ANeuralNetworksModel_addOperation(model, operation.code, operation.inputs.size(), operation.inputs.data(),
                                               operation.outputs.size(), operation.outputs.data());
    });
  }
  step([&] {
    return ANeuralNetworksModel_identifyInputsAndOutputs(model, graph.inputs.size(), graph.inputs.data(),
                                                         graph.outputs.size(), graph.outputs.data());
  });
  step([&] { return ANeuralNetworksModel_relaxComputationFloat32toFloat16(model, source.is_relaxed); });
  step([&] { return ANeuralNetworksModel_finish(model); });
  built.result = step.result();
  return built;
}

/// A shared memory that the test sees too.
struct SharedBytes {
  explicit SharedBytes(size_t size) : size(size) {
    const int descriptor = memfd_create("test", 0);
    if (ftruncate(descriptor, static_cast<off_t>(size)) != 0) return;
    bytes = static_cast<unsigned char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
    ANeuralNetworksMemory* handle = nullptr;
    ANeuralNetworksMemory_createFromFd(size, PROT_READ | PROT_WRITE, descriptor, 0, &handle);
    memory.reset(handle);
    close(descriptor);
  }
  SharedBytes(const SharedBytes&) = delete;
  SharedBytes& operator=(const SharedBytes&) = delete;
  ~SharedBytes() { munmap(bytes, size); }

  size_t size;
  unsigned char* bytes = nullptr;
  Memory memory;
};

/// The arguments of one execution, and the buffers behind them.
class Arguments {
 public:
  Arguments(ANeuralNetworksExecution* execution, const golden::Graph& graph, const Way& way)
      : execution_(execution), graph_(graph), way_(way) {}

  void set(Steps& step) {
    for (size_t i = 0; i < graph_.inputs.size(); ++i)
      set_input(static_cast<int32_t>(i), graph_.operands[graph_.inputs[i]], step);
    for (size_t i = 0; i < graph_.outputs.size(); ++i)
      set_output(static_cast<int32_t>(i), graph_.operands[graph_.outputs[i]], step);
  }

  std::vector<unsigned char> output(size_t index) const {
    const size_t size = graph_.operands[graph_.outputs[index]].data.size();
    if (!way_.in_memories) return {buffers_[index].begin(), buffers_[index].begin() + size};
    return {shared_outputs_[index]->bytes, shared_outputs_[index]->bytes + size};
  }

 private:
  void set_input(int32_t index, const golden::Operand& operand, Steps& step) {
    if (way_.in_memories && !operand.data.empty()) {
      memories_.push_back(make_memory(operand.data));
      step([&] {
        return ANeuralNetworksExecution_setInputFromMemory(execution_, index, nullptr, memories_.back().get(), 0,
                                                           operand.data.size());
      });
      return;
    }
    const void* data = operand.data.empty() ? nullptr : operand.data.data();
    step([&] { return ANeuralNetworksExecution_setInput(execution_, index, nullptr, data, operand.data.size()); });
  }

  void set_output(int32_t index, const golden::Operand& operand, Steps& step) {
    const size_t size = std::max<size_t>(1, operand.data.size()) - way_.bytes_missing;
    if (way_.in_memories) {
      shared_outputs_.push_back(std::make_unique<SharedBytes>(size));
      step([&] {
        return ANeuralNetworksExecution_setOutputFromMemory(execution_, index, nullptr,
                                                            shared_outputs_.back()->memory.get(), 0, size);
      });
      return;
    }
    buffers_.emplace_back(size);
    step([&] { return ANeuralNetworksExecution_setOutput(execution_, index, nullptr, buffers_.back().data(), size); });
  }

  ANeuralNetworksExecution* execution_;
  const golden::Graph& graph_;
  Way way_;
  std::vector<Memory> memories_;
  std::vector<std::vector<unsigned char>> buffers_;
  std::vector<std::unique_ptr<SharedBytes>> shared_outputs_;
};

int compute(ANeuralNetworksExecution* execution, bool asynchronous) {
  if (!asynchronous) return ANeuralNetworksExecution_compute(execution);
  ANeuralNetworksEvent* event = nullptr;
  if (const int code = ANeuralNetworksExecution_startCompute(execution, &event); code != 0) return code;
  const Event owned(event);
  return ANeuralNetworksEvent_wait(event);
}

std::vector<uint32_t> output_dimensions(ANeuralNetworksExecution* execution, int32_t index) {
  uint32_t rank = 0;
  ANeuralNetworksExecution_getOutputOperandRank(execution, index, &rank);
  std::vector<uint32_t> dimensions(rank);
  if (rank > 0) ANeuralNetworksExecution_getOutputOperandDimensions(execution, index, dimensions.data());
  return dimensions;
}

}  // namespace

Model make_model() {
  ANeuralNetworksModel* model = nullptr;
  ANeuralNetworksModel_create(&model);
  return Model(model);
}

ANeuralNetworksDevice* device() {
  ANeuralNetworksDevice* device = nullptr;
  ANeuralNetworks_getDevice(0, &device);
  return device;
}

Memory make_memory(const std::vector<unsigned char>& bytes) {
  SharedBytes shared(bytes.size());
  std::memcpy(shared.bytes, bytes.data(), bytes.size());
  return std::move(shared.memory);
}

BuiltModel build(const golden::Model& model, bool unknown_outputs) {
  return build_graph(model, model.main, unknown_outputs);
}

BuiltCompilation compile(const BuiltModel& model) {
  BuiltCompilation built;
  ANeuralNetworksCompilation* compilation = nullptr;
  Steps step;
  step([&] { return ANeuralNetworksCompilation_create(model.model.get(), &compilation); });
  built.compilation.reset(compilation);
  step([&] { return ANeuralNetworksCompilation_finish(compilation); });
  built.result = step.result();
  return built;
}

Outcome run(const BuiltCompilation& compilation, const golden::Model& model, const Way& way) {
  Outcome outcome;
  Steps step;
  ANeuralNetworksExecution* handle = nullptr;
  step([&] { return ANeuralNetworksExecution_create(compilation.compilation.get(), &handle); });
  const Execution execution(handle);
  Arguments arguments(handle, model.main, way);
  if (way.runs > 1) step([&] { return ANeuralNetworksExecution_setReusable(handle, true); });
  // Loops that never end are among the models that must fail.
  constexpr uint64_t a_millisecond = 1'000'000;
  if (model.expect_failure) step([&] { return ANeuralNetworksExecution_setLoopTimeout(handle, a_millisecond); });
  arguments.set(step);
  for (int i = 0; i < way.runs; ++i) step([&] { return compute(handle, way.asynchronous); });
  outcome.result = step.result();
  const bool has_shapes = outcome.result.ok() || outcome.result.code == ANEURALNETWORKS_OUTPUT_INSUFFICIENT_SIZE;
  for (size_t i = 0; has_shapes && i < model.main.outputs.size(); ++i) {
    outcome.dimensions.push_back(output_dimensions(handle, static_cast<int32_t>(i)));
    if (outcome.result.ok()) outcome.outputs.push_back(arguments.output(i));
  }
  return outcome;
}

std::string difference(const golden::Model& model, const Outcome& outcome) {
  if (!outcome.result.ok()) return "result " + std::to_string(outcome.result.code) + ": " + outcome.result.message;
  for (size_t i = 0; i < model.main.outputs.size(); ++i) {
    const golden::Operand& expected = model.main.operands[model.main.outputs[i]];
    if (expected.is_ignored) continue;
    const std::string name = "output " + std::to_string(i);
    if (outcome.dimensions[i] != expected.dimensions) return name + " has other dimensions";
    if (std::string text = golden::difference(model, expected, outcome.outputs[i]); !text.empty())
      return name + ": " + text;
  }
  return {};
}

}  // namespace client
