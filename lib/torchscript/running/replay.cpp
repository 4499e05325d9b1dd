#include "passerelle/torchscript/replay.h"

#include <torch/csrc/jit/runtime/operator.h>

#include <optional>

#include "engine.h"
#include "interpreter/failures.h"
#include "passerelle/support/check.h"
#include "tensor_conversion.h"
#include "trace_values.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;
using c10::IValue;

uint32_t index(TensorId id) { return static_cast<uint32_t>(id); }

class Replay {
 public:
  Replay(const Trace& trace, const std::vector<TensorId>& wanted)
      : trace_(trace), values_(trace.tensors.size()), last_reader_(trace.tensors.size(), 0) {
    for (size_t i = 0; i < trace.nodes.size(); ++i) note_reads(trace.nodes[i], i);
    for (TensorId id : wanted) last_reader_[index(id)] = trace.nodes.size();
  }

  void set(TensorId id, at::Tensor tensor) { values_[index(id)] = std::move(tensor); }

  const at::Tensor& get(TensorId id) {
    std::optional<at::Tensor>& value = values_[index(id)];
    if (!value) {
      check(trace_[id].dependence != Dependence::data, "a tensor of a trace is made before it is read");
      value = constant_tensor(trace_[id]);
    }
    return *value;
  }

  void run() {
    for (size_t i = 0; i < trace_.nodes.size(); ++i) {
      run(trace_.nodes[i]);
      for (const auto& [name, value] : trace_.nodes[i].arguments) release(value, i);
      for (const Value& result : trace_.nodes[i].results) release(result, i);
    }
  }

 private:
  void run(const Node& node) {
    if (node.op == "prim::If") return run_if(node);
    if (node.op == "prim::Loop") return run_loop(node);
    // A view of memory that contiguous() had made: the trace is of values, and has left that step out.
    const bool is_view = node.op == "aten::view" && node.overload.empty();
    const auto op = jit::findOperatorFor({is_view ? "aten::reshape" : node.op, node.overload});
    if (op == nullptr) throw std::runtime_error("LibTorch has no operator " + node.op + "." + node.overload);
    const auto& parameters = op->schema().arguments();
    check(parameters.size() == node.arguments.size(), "a node has an argument for each of its schema's");
    std::vector<IValue> stack;
    for (size_t i = 0; i < parameters.size(); ++i)
      stack.push_back(to_ivalue(node.arguments[i].second, parameters[i].type(), [&](TensorId id) { return get(id); }));
    op->getOperation()(stack);
    check(stack.size() == node.results.size(), "a node has as many results as its operator");
    for (size_t i = 0; i < stack.size(); ++i) store(node.results[i], stack[i]);
  }

  const at::Tensor& get(const Value& value) { return get(*value.tensor()); }

  void run(const trace::Region& region) {
    for (const Node& node : region.nodes) run(node);
  }

  void run_if(const Node& node) {
    const trace::Region& region = node.regions[get(node.arguments[0].second).item<bool>() ? 0 : 1];
    run(region);
    for (size_t i = 0; i < node.results.size(); ++i) set(*node.results[i].tensor(), get(region.outputs[i]));
  }

  void run_loop(const Node& node) {
    const trace::Region& body = node.regions[0];
    const Value &count = node.arguments[0].second, &condition = node.arguments[1].second;
    const int64_t iterations = count.tensor() ? get(count).item<int64_t>() : std::get<int64_t>(count.data);
    bool goes_on = condition.tensor() ? get(condition).item<bool>() : std::get<bool>(condition.data);
    std::vector<at::Tensor> carried;
    for (const Value& value : *node.arguments[2].second.list()) carried.push_back(get(value));
    for (int64_t i = 0; i < iterations && goes_on; ++i) {
      set(body.inputs[0], at::scalar_tensor(i, at::kLong));
      for (size_t k = 0; k < carried.size(); ++k) set(body.inputs[k + 1], carried[k]);
      run(body);
      goes_on = get(body.outputs[0]).item<bool>();
      for (size_t k = 0; k < carried.size(); ++k) carried[k] = get(body.outputs[k + 1]);
    }
    for (size_t k = 0; k < carried.size(); ++k) set(*node.results[k].tensor(), carried[k]);
  }

  void store(const Value& result, const IValue& value) {
    if (const TensorId* id = result.tensor()) set(*id, value.toTensor());
    const std::vector<Value>* elements = result.list();
    if (elements == nullptr) return;
    const auto values = value.isTuple() ? c10::ArrayRef<IValue>(value.toTupleRef().elements()) : value.toListRef();
    check(values.size() == elements->size(), "an operator returns as many tensors as before");
    for (size_t i = 0; i < values.size(); ++i) store((*elements)[i], values[i]);
  }

  /// What regions read lives as long as the node that they belong to.
  void note_reads(const Node& node, size_t place) {
    for (const auto& [name, value] : node.arguments) note_reader(value, place);
    for (const trace::Region& region : node.regions) {
      for (const Node& inner : region.nodes) note_reads(inner, place);
      for (TensorId id : region.outputs) note_reader({id}, place);
    }
  }

  void note_reader(const Value& value, size_t node) {
    if (const TensorId* id = value.tensor()) last_reader_[index(*id)] = node;
    if (const std::vector<Value>* elements = value.list())
      for (const Value& element : *elements) note_reader(element, node);
  }

  void release(const Value& value, size_t node) {
    if (const TensorId* id = value.tensor())
      if (last_reader_[index(*id)] <= node) values_[index(*id)].reset();
    if (const std::vector<Value>* elements = value.list())
      for (const Value& element : *elements) release(element, node);
  }

  const Trace& trace_;
  std::vector<std::optional<at::Tensor>> values_;
  std::vector<size_t> last_reader_;
};

Expected<void> check_inputs(const Trace& trace, const std::vector<graph::HostTensor>& inputs) {
  if (inputs.size() != trace.inputs.size())
    return Error{ErrorKind::usage, "the model takes " + std::to_string(trace.inputs.size()) + " tensors, not " +
                                       std::to_string(inputs.size())};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Port& port = trace.inputs[i];
    const Tensor& wanted = trace[port.tensor];
    const graph::Shape shape(wanted.shape.begin(), wanted.shape.end());
    if (inputs[i].type == wanted.type && inputs[i].shape == shape) continue;
    return Error{ErrorKind::usage, "the input '" + port.name + "' is " + std::string(graph::name(wanted.type)) + " " +
                                       graph::to_string(shape) + ", but " + std::string(graph::name(inputs[i].type)) +
                                       " " + graph::to_string(inputs[i].shape) + " is given"};
  }
  return {};
}

}  // namespace

Expected<std::vector<graph::HostTensor>> replay(const Trace& trace, const std::vector<graph::HostTensor>& inputs,
                                                const std::vector<TensorId>& wanted) {
  if (Expected<void> fits = check_inputs(trace, inputs); !fits) return fits.error();
  std::vector<TensorId> ids = wanted;
  if (ids.empty())
    for (const Port& output : trace.outputs) ids.push_back(output.tensor);
  prepare_libtorch();
  const at::NoGradGuard no_gradients;
  Replay replay(trace, ids);
  std::vector<graph::HostTensor> values;
  try {
    for (size_t i = 0; i < inputs.size(); ++i) replay.set(trace.inputs[i].tensor, libtorch_tensor(inputs[i]));
    replay.run();
    for (TensorId id : ids) values.push_back(host_tensor(replay.get(id)));
  } catch (const InternalError&) {
    throw;
  } catch (const std::exception& exception) {
    return Error{ErrorKind::unsupported, "the traced operators can't be run again: " + first_line(exception)};
  }
  return values;
}

}  // namespace passerelle::torchscript
