// forward of a split module: a graph of LibTorch's with the operators that stay as they were traced, each at its place
// in the source, and calls of the parts.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "module_builder.h"
#include "program.h"

namespace passerelle::torchscript {

/// Ends in an Error of kind `unsupported`.
struct CannotWrite {
  std::string message;
};

class GraphWriter {
 public:
  GraphWriter(const SplitModule& split, ModuleBuilder& builder);

  /// Throws CannotWrite.
  std::shared_ptr<torch::jit::Graph> write();

 private:
  using Path = std::vector<std::string>;
  using JitValue = torch::jit::Value;

  // What forward takes: tensors are found in its parameters, and everything that the trace has taken as given is
  // checked.
  void add_parameters();
  void take(JitValue* value, const c10::TypePtr& type, const c10::IValue& example, const std::string& name);
  void take_elements(JitValue* value, const c10::TypePtr& type, const c10::IValue& example, const std::string& name);
  void expect_tensor(JitValue* value, const std::string& name);
  void expect_number(JitValue* value, double wanted, const std::string& name);

  void write_operator(const Node& node);
  void store(const Value& result, JitValue* value);
  void call(const NnapiPart& part, size_t number);
  JitValue* argument(const Value& value, const c10::TypePtr& type);
  JitValue* list(const std::vector<Value>& elements, const c10::TypePtr& element_type);

  JitValue* returned(const c10::IValue& value, const c10::TypePtr& type);

  JitValue* tensor(TensorId id);
  JitValue* constant(const c10::IValue& value);
  JitValue* attribute(const Path& path);
  JitValue* method_call(JitValue* self, const std::string& name, std::vector<JitValue*> arguments,
                        const c10::TypePtr& type);
  torch::jit::Node* insert(c10::Symbol kind, std::vector<JitValue*> inputs, size_t outputs = 1);

  const SplitModule& split_;
  const Trace& trace_;
  ModuleBuilder& builder_;
  std::shared_ptr<torch::jit::Graph> graph_;
  JitValue* self_ = nullptr;
  torch::jit::SourceRange place_;
  std::map<TensorId, JitValue*> tensors_;
  std::map<Path, JitValue*> attributes_;
  size_t next_input_ = 0, next_output_ = 0;  // of the trace
};

}  // namespace passerelle::torchscript
