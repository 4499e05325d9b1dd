// A thin C++17 face of passerelle.h: objects that close themselves, errors as a value. Header-only, no exceptions
// needed.
//
//     passerelle::loader::Error error;
//     auto model = passerelle::loader::Model::open("model.nnapi", error);
//     auto nnapi = passerelle::loader::Nnapi::open(nullptr, error);
//     auto compilation = passerelle::loader::Compilation::make(model, nnapi, {}, error);
//     if (!compilation.run({{in.data(), size_in}}, {{out.data(), size_out}}, error)) return report(error.message());
//
// Ownership, threads and lifetimes are those of the C functions. An object that was moved from, or whose making failed,
// is empty: it converts to false, and whatever is asked of it is PASSERELLE_INVALID_ARGUMENT. But an Error that tells
// already why an object is empty is left as it is by what is made of that object, so that it is enough to check at the
// end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "passerelle/loader/passerelle.h"

namespace passerelle::loader {

class Error {
 public:
  passerelle_status status() const { return static_cast<passerelle_status>(error_.status); }
  int nnapi_result() const { return error_.nnapi_result; }
  const char* message() const { return error_.message; }
  explicit operator bool() const { return status() != PASSERELLE_OK; }
  passerelle_error* get() { return &error_; }

 private:
  passerelle_error error_{};
};

/// The caller's buffers of a run: {address, bytes}.
struct Input : passerelle_input {
  Input(const void* data, size_t size) : passerelle_input{data, size, {}} {}
};
struct Output : passerelle_output {
  Output(void* data, size_t size) : passerelle_output{data, size, {}} {}
};
static_assert(sizeof(Input) == sizeof(passerelle_input) && sizeof(Output) == sizeof(passerelle_output));

/// PASSERELLE_COMPILE_OPTIONS_INIT with the members to change by name.
struct CompileOptions : passerelle_compile_options {
  CompileOptions() : passerelle_compile_options PASSERELLE_COMPILE_OPTIONS_INIT {}
};

class Model {
 public:
  Model() = default;
  static Model open(const char* path, Error& error) {
    passerelle_model* model = nullptr;
    passerelle_model_open_path(path, &model, error.get());
    return Model(model);
  }
  static Model open(int descriptor, uint64_t offset, uint64_t length, Error& error) {
    passerelle_model* model = nullptr;
    passerelle_model_open_descriptor(descriptor, offset, length, &model, error.get());
    return Model(model);
  }
  static Model open(const void* data, size_t size, Error& error) {
    passerelle_model* model = nullptr;
    passerelle_model_open_memory(data, size, &model, error.get());
    return Model(model);
  }

  explicit operator bool() const { return model_ != nullptr; }
  const passerelle_model* get() const { return model_.get(); }

  bool verify_weights(Error& error) const {
    return passerelle_model_verify_weights(get(), error.get()) == PASSERELLE_OK;
  }

  /// All zero where the model is empty.
  passerelle_model_info info() const {
    passerelle_model_info info{};
    info.struct_size = sizeof info;
    passerelle_model_describe(get(), &info, nullptr);
    return info;
  }
  /// The name is NULL where there is no such input.
  passerelle_port_info input(uint32_t index) const { return port(passerelle_model_describe_input, index); }
  passerelle_port_info output(uint32_t index) const { return port(passerelle_model_describe_output, index); }
  std::vector<passerelle_port_info> inputs() const {
    return ports(passerelle_model_describe_input, info().input_count);
  }
  std::vector<passerelle_port_info> outputs() const {
    return ports(passerelle_model_describe_output, info().output_count);
  }
  passerelle_operation_info operation(uint32_t index) const {
    passerelle_operation_info info{};
    info.struct_size = sizeof info;
    passerelle_model_describe_operation(get(), index, &info, nullptr);
    return info;
  }

 private:
  using DescribePort = decltype(&passerelle_model_describe_input);
  struct Close {
    void operator()(passerelle_model* model) const { passerelle_model_close(model); }
  };

  explicit Model(passerelle_model* model) : model_(model) {}
  passerelle_port_info port(DescribePort describe, uint32_t index) const {
    passerelle_port_info info{};
    info.struct_size = sizeof info;
    describe(get(), index, &info, nullptr);
    return info;
  }
  std::vector<passerelle_port_info> ports(DescribePort describe, uint32_t count) const {
    std::vector<passerelle_port_info> all;
    for (uint32_t index = 0; index < count; ++index) all.push_back(port(describe, index));
    return all;
  }

  std::unique_ptr<passerelle_model, Close> model_;
};

class Nnapi {
 public:
  Nnapi() = default;
  /// `path` may be NULL: the system's library.
  static Nnapi open(const char* path, Error& error) {
    passerelle_nnapi* nnapi = nullptr;
    passerelle_nnapi_open(path, &nnapi, error.get());
    return Nnapi(nnapi);
  }

  explicit operator bool() const { return nnapi_ != nullptr; }
  const passerelle_nnapi* get() const { return nnapi_.get(); }

  uint32_t feature_level() const { return passerelle_nnapi_feature_level(get()); }
  /// passerelle_feature bits.
  uint32_t features() const { return passerelle_nnapi_features(get()); }
  std::vector<passerelle_device_info> devices() const {
    std::vector<passerelle_device_info> all(passerelle_nnapi_device_count(get()));
    for (uint32_t index = 0; index < all.size(); ++index) {
      all[index] = {};
      all[index].struct_size = sizeof all[index];
      passerelle_nnapi_describe_device(get(), index, &all[index], nullptr);
    }
    return all;
  }

 private:
  struct Close {
    void operator()(passerelle_nnapi* nnapi) const { passerelle_nnapi_close(nnapi); }
  };
  explicit Nnapi(passerelle_nnapi* nnapi) : nnapi_(nnapi) {}
  std::unique_ptr<passerelle_nnapi, Close> nnapi_;
};

/// PASSERELLE_EXECUTION_OPTIONS_INIT with the members to change by name.
struct ExecutionOptions : passerelle_execution_options {
  ExecutionOptions() : passerelle_execution_options PASSERELLE_EXECUTION_OPTIONS_INIT {}
};

class Compilation {
 public:
  Compilation() = default;
  static Compilation make(const Model& model, const Nnapi& nnapi, const CompileOptions& options, Error& error) {
    if (error && (!model || !nnapi)) return Compilation();  // what went wrong before stays told
    passerelle_compilation* compilation = nullptr;
    passerelle_compile(model.get(), nnapi.get(), &options, &compilation, error.get());
    return Compilation(compilation);
  }

  explicit operator bool() const { return compilation_ != nullptr; }
  const passerelle_compilation* get() const { return compilation_.get(); }

  /// All zero where the compilation is empty.
  passerelle_compilation_info info() const {
    passerelle_compilation_info info{};
    info.struct_size = sizeof info;
    passerelle_compilation_describe(get(), &info, nullptr);
    return info;
  }
  /// A set of devices for each operation of `model`, which this was made of; empty where that failed.
  std::vector<uint64_t> query_devices(const Model& model, Error& error) const {
    std::vector<uint64_t> sets(model.info().operation_count);
    if (passerelle_compilation_query_devices(get(), sets.data(), static_cast<uint32_t>(sets.size()), error.get()) !=
        PASSERELLE_OK)
      sets.clear();
    return sets;
  }

  bool run(const std::vector<Input>& inputs, const std::vector<Output>& outputs, Error& error) const {
    if (error && !compilation_) return false;
    return passerelle_run(get(), inputs.data(), static_cast<uint32_t>(inputs.size()), outputs.data(),
                          static_cast<uint32_t>(outputs.size()), error.get()) == PASSERELLE_OK;
  }

 private:
  struct Close {
    void operator()(passerelle_compilation* compilation) const { passerelle_compilation_close(compilation); }
  };
  explicit Compilation(passerelle_compilation* compilation) : compilation_(compilation) {}
  std::unique_ptr<passerelle_compilation, Close> compilation_;
};

class Memory {
 public:
  Memory() = default;
  static Memory from_descriptor(const Nnapi& nnapi, int descriptor, passerelle_access access, size_t offset,
                                size_t size, Error& error) {
    passerelle_memory* memory = nullptr;
    passerelle_memory_from_descriptor(nnapi.get(), descriptor, access, offset, size, &memory, error.get());
    return Memory(memory);
  }
  static Memory from_hardware_buffer(const Nnapi& nnapi, const AHardwareBuffer* buffer, size_t size, Error& error) {
    passerelle_memory* memory = nullptr;
    passerelle_memory_from_hardware_buffer(nnapi.get(), buffer, size, &memory, error.get());
    return Memory(memory);
  }

  explicit operator bool() const { return memory_ != nullptr; }
  const passerelle_memory* get() const { return memory_.get(); }

 private:
  struct Close {
    void operator()(passerelle_memory* memory) const { passerelle_memory_close(memory); }
  };
  explicit Memory(passerelle_memory* memory) : memory_(memory) {}
  std::unique_ptr<passerelle_memory, Close> memory_;
};

/// For one thread at a time.
class Execution {
 public:
  Execution() = default;
  static Execution make(const Compilation& compilation, const ExecutionOptions& options, Error& error) {
    if (error && !compilation) return Execution();  // what went wrong before stays told
    passerelle_execution* execution = nullptr;
    passerelle_execution_create(compilation.get(), &options, &execution, error.get());
    return Execution(execution);
  }

  explicit operator bool() const { return execution_ != nullptr; }
  passerelle_execution* get() { return execution_.get(); }

  bool set_input(uint32_t index, const void* data, size_t size, Error& error) {
    return passerelle_execution_set_input(get(), index, data, size, error.get()) == PASSERELLE_OK;
  }
  bool set_output(uint32_t index, void* data, size_t size, Error& error) {
    return passerelle_execution_set_output(get(), index, data, size, error.get()) == PASSERELLE_OK;
  }
  bool set_input(uint32_t index, const Memory& memory, size_t offset, Error& error) {
    return passerelle_execution_set_input_memory(get(), index, memory.get(), offset, error.get()) == PASSERELLE_OK;
  }
  bool set_output(uint32_t index, const Memory& memory, size_t offset, Error& error) {
    return passerelle_execution_set_output_memory(get(), index, memory.get(), offset, error.get()) == PASSERELLE_OK;
  }
  bool run(Error& error) { return passerelle_execution_run(get(), error.get()) == PASSERELLE_OK; }
  bool start(Error& error) { return passerelle_execution_start(get(), error.get()) == PASSERELLE_OK; }
  bool wait(Error& error) { return passerelle_execution_wait(get(), error.get()) == PASSERELLE_OK; }
  /// Both PASSERELLE_NO_DURATION where that failed.
  passerelle_timing timing(Error& error) const {
    passerelle_timing timing{sizeof timing, PASSERELLE_NO_DURATION, PASSERELLE_NO_DURATION};
    passerelle_execution_timing(execution_.get(), &timing, error.get());
    return timing;
  }

 private:
  struct Close {
    void operator()(passerelle_execution* execution) const { passerelle_execution_close(execution); }
  };
  explicit Execution(passerelle_execution* execution) : execution_(execution) {}
  std::unique_ptr<passerelle_execution, Close> execution_;
};

}  // namespace passerelle::loader
