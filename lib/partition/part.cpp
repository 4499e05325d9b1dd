// A part as a model of its own.
#include <map>

#include "passerelle/partition/cut.h"

namespace passerelle::partition {
namespace {

using trace::Value;

class Extraction {
 public:
  explicit Extraction(const Trace& from) : from_(from) {}

  Trace run(const Part& part) {
    for (TensorId id : part.inputs) to_.inputs.push_back({name_of(id), renamed(id), false});
    for (NodeId id : part.nodes) {
      trace::Node node = from_[id];
      for (auto& argument : node.arguments) rename(argument.second);
      for (Value& result : node.results) rename(result);
      to_.nodes.push_back(std::move(node));
    }
    for (TensorId id : part.outputs) to_.outputs.push_back({name_of(id), renamed(id), false});
    to_.origins = from_.origins;
    return std::move(to_);
  }

 private:
  /// As the model's caller knows it, or by its number in the trace.
  std::string name_of(TensorId id) const {
    for (const std::vector<trace::Port>* ports : {&from_.inputs, &from_.outputs})
      for (const trace::Port& port : *ports)
        if (port.tensor == id) return port.name;
    return "value" + std::to_string(static_cast<uint32_t>(id));
  }

  TensorId renamed(TensorId id) {
    const auto [place, is_new] = names_.emplace(id, static_cast<TensorId>(to_.tensors.size()));
    if (is_new) to_.tensors.push_back(from_[id]);
    return place->second;
  }

  void rename(Value& value) {
    if (TensorId* id = std::get_if<TensorId>(&value.data)) *id = renamed(*id);
    if (auto* list = std::get_if<std::vector<Value>>(&value.data))
      for (Value& element : *list) rename(element);
  }

  const Trace& from_;
  Trace to_;
  std::map<TensorId, TensorId> names_;
};

}  // namespace

Trace trace_of(const Trace& trace, const Part& part) { return Extraction(trace).run(part); }

uint64_t byte_size(const trace::Tensor& tensor) {
  uint64_t bytes = graph::byte_size(tensor.type);
  for (int64_t size : tensor.shape) bytes *= static_cast<uint64_t>(size);
  return bytes;
}

}  // namespace passerelle::partition
