#include "passerelle/torchscript/replay.h"

#include <torch/csrc/jit/runtime/operator.h>

#include <optional>

#include "engine.h"
#include "interpreter/failures.h"
#include "passerelle/support/check.h"
#include "tensor_conversion.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;
using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;

uint32_t index(TensorId id) { return static_cast<uint32_t>(id); }

IValue call(const char* op, const char* overload, std::vector<IValue> stack) {
  const auto known = jit::findOperatorFor({op, overload});
  check(known != nullptr, std::string("LibTorch has the operator ") + op);
  known->getOperation()(stack);
  check(stack.size() == 1, std::string("one result comes from ") + op);
  return stack[0];
}

at::Tensor constant_tensor(const Tensor& description) {
  check(description.constant.has_value(), "a constant of a trace has values");
  graph::HostTensor host;
  host.type = description.type;
  host.shape.assign(description.shape.begin(), description.shape.end());
  host.quantization = description.quantization;
  host.bytes.resize(description.constant->byte_size());
  description.constant->copy_to(host.bytes.data());
  if (description.quantization.channel_scales.empty()) return libtorch_tensor(host);
  return at::_make_per_channel_quantized_tensor(
      at::int_repr(libtorch_tensor(host)), at::tensor(description.quantization.channel_scales, at::kDouble),
      at::tensor(description.channel_zero_points, at::kLong), description.quantization.channel_dimension);
}

class Replay {
 public:
  Replay(const Trace& trace, const std::vector<TensorId>& wanted)
      : trace_(trace), values_(trace.tensors.size()), last_reader_(trace.tensors.size(), 0) {
    for (size_t i = 0; i < trace.nodes.size(); ++i)
      for (const auto& [name, value] : trace.nodes[i].arguments) note_reader(value, i);
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
    // A view of memory that contiguous() had made: the trace is of values, and has left that step out.
    const bool is_view = node.op == "aten::view" && node.overload.empty();
    const auto op = jit::findOperatorFor({is_view ? "aten::reshape" : node.op, node.overload});
    if (op == nullptr) throw std::runtime_error("LibTorch has no operator " + node.op + "." + node.overload);
    const auto& parameters = op->schema().arguments();
    check(parameters.size() == node.arguments.size(), "a node has an argument for each of its schema's");
    std::vector<IValue> stack;
    for (size_t i = 0; i < parameters.size(); ++i)
      stack.push_back(to_ivalue(node.arguments[i].second, parameters[i].type()));
    op->getOperation()(stack);
    check(stack.size() == node.results.size(), "a node has as many results as its operator");
    for (size_t i = 0; i < stack.size(); ++i) store(node.results[i], stack[i]);
  }

  void store(const Value& result, const IValue& value) {
    if (const TensorId* id = result.tensor()) set(*id, value.toTensor());
    const std::vector<Value>* elements = result.list();
    if (elements == nullptr) return;
    const auto values = value.isTuple() ? c10::ArrayRef<IValue>(value.toTupleRef().elements()) : value.toListRef();
    check(values.size() == elements->size(), "an operator returns as many tensors as before");
    for (size_t i = 0; i < values.size(); ++i) store((*elements)[i], values[i]);
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

  IValue to_ivalue(const Value& value, const TypePtr& type) {
    if (const auto optional = type->cast<c10::OptionalType>())
      return value.is_none() ? IValue() : to_ivalue(value, optional->getElementType());
    if (type->kind() == TypeKind::ClassType) return packed(value, type->cast<c10::ClassType>()->name()->name());
    if (const auto list = type->cast<c10::ListType>()) return to_list(value, list->getElementType());
    if (type->kind() == TypeKind::DeviceObjType) return c10::Device(std::get<std::string>(value.data));
    if (const TensorId* id = value.tensor()) return get(*id);
    if (const auto* integer = std::get_if<int64_t>(&value.data)) return *integer;
    if (const auto* real = std::get_if<double>(&value.data)) return *real;
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth;
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    if (type->kind() == TypeKind::TensorType) return at::Tensor();
    return {};
  }

  IValue to_list(const Value& value, const TypePtr& element_type) {
    const std::vector<Value>* elements = value.list();
    const bool ints = element_type->kind() == TypeKind::SymIntType;
    c10::impl::GenericList list(ints ? TypePtr(c10::IntType::get()) : element_type);
    if (elements == nullptr) {
      list.push_back(to_ivalue(value, element_type));
    } else {
      for (const Value& element : *elements) list.push_back(to_ivalue(element, element_type));
    }
    return list;
  }

  /// Bits, integers, scales and zero points.
  IValue packed_embedding(const std::vector<Value>& parts) {
    const auto tensor = [&](size_t part) { return to_ivalue(parts.at(part), c10::TensorType::get()).toTensor(); };
    if (parts.size() < 4) throw std::runtime_error("an embedding of 4 bits can't be made again");
    const int64_t rows = 0;
    return call("quantized::embedding_bag_prepack", "",
                {at::_make_per_channel_quantized_tensor(tensor(1), tensor(2), tensor(3), rows)});
  }

  /// Weight, bias, stride, padding, output padding, dilation, groups, transposed; or weight and bias.
  IValue packed(const Value& value, const std::string& type) {
    const std::vector<Value>* parts = value.list();
    if (parts == nullptr || type.find("PackedParamsBase") == type.npos)
      throw std::runtime_error("a " + type + " can't be made again");
    if (type == "EmbeddingPackedParamsBase") return packed_embedding(*parts);
    const IValue weight = to_ivalue((*parts)[0], c10::TensorType::get());
    const IValue bias = to_ivalue((*parts)[1], c10::OptionalType::create(c10::TensorType::get()));
    if (type == "LinearPackedParamsBase") return call("quantized::linear_prepack", "", {weight, bias});
    const auto ints = [&](size_t part) { return to_list((*parts)[part], c10::IntType::get()); };
    const std::string dimensions = type == "Conv3dPackedParamsBase" ? "3d" : "2d";
    const IValue groups = std::get<int64_t>((*parts)[6].data);
    if (std::get<bool>((*parts)[7].data))
      return call(("quantized::conv_transpose" + dimensions + "_prepack").c_str(), "",
                  {weight, bias, ints(2), ints(3), ints(4), ints(5), groups});
    return call(("quantized::conv" + dimensions + "_prepack").c_str(), "",
                {weight, bias, ints(2), ints(3), ints(5), groups});
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
