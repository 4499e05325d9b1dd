// A module while it is being written: its attributes, under the names that they had in the model.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <map>
#include <string>
#include <tuple>

#include "passerelle/torchscript/vocabulary.h"

namespace passerelle::torchscript {

class ModuleBuilder {
 public:
  /// Takes over the class names and, as far as they are asked for, the parameters of `original`.
  explicit ModuleBuilder(const torch::jit::Module& original);

  torch::jit::Module& root() { return root_; }

  /// Where a constant of the trace stands in the module: names of attributes from the root on.
  std::vector<std::string> place_of(TensorId id, const Tensor& tensor);
  /// A packed object that an operator takes; the same for the same `key`.
  std::vector<std::string> place_of(const Value* key, const c10::IValue& packed);
  /// A submodule with a name that the model has not used.
  torch::jit::Module add_part(size_t number);
  const std::string& name_of_part(size_t number) const { return parts_.at(number); }

 private:
  using Path = std::vector<std::string>;
  struct Known {
    Path path;
    at::Tensor tensor;
    bool is_parameter = false;
  };
  using Key = std::tuple<const void*, graph::ElementType, graph::Shape>;
  void remember(const torch::jit::Module& module, const Path& path);
  void put(const Known& known);
  std::string free_name(const std::string& wanted) const;

  torch::jit::Module original_, root_;
  std::map<Key, Known> known_;
  std::map<TensorId, Path> constants_;
  std::map<const Value*, Path> packed_;
  std::map<size_t, std::string> parts_;
};

}  // namespace passerelle::torchscript
