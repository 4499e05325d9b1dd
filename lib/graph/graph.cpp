#include "passerelle/graph/graph.h"

#include <algorithm>

#include "passerelle/nnapi/traits.h"
#include "passerelle/support/check.h"

namespace passerelle::graph {
namespace {

using nnapi::ArgumentKind;
using nnapi::ArgumentSpec;

OperandType nnapi_type(ElementType type) {
  switch (type) {
    case ElementType::float32: return OperandType::TENSOR_FLOAT32;
    case ElementType::float16: return OperandType::TENSOR_FLOAT16;
    case ElementType::int32:
    case ElementType::qint32: return OperandType::TENSOR_INT32;
    case ElementType::bool8: return OperandType::TENSOR_BOOL8;
    case ElementType::quint8: return OperandType::TENSOR_QUANT8_ASYMM;
    case ElementType::qint8: return OperandType::TENSOR_QUANT8_ASYMM_SIGNED;
    default: break;
  }
  throw InternalError("a constant of type " + std::string(name(type)) + " is converted before it enters the graph");
}

/// A scalar that must be written but was not named: the activation is FUSED_NONE, NCHW is false.
Argument unnamed(const ArgumentSpec& spec) {
  bool optional = !std::holds_alternative<std::monostate>(spec.default_value);
  if (optional || spec.kind == ArgumentKind::optional_tensor) return std::monostate{};
  if (spec.kind == ArgumentKind::integer) return int32_t{0};
  if (spec.kind == ArgumentKind::boolean) return false;
  throw InternalError("argument " + std::string(spec.name) + " has no default");
}

const ArgumentSpec& spec(const Operation& operation, std::string_view name) {
  check(operation.type.has_value(), "an opaque operation has no named arguments");
  int row = nnapi::argument_index(*operation.type, name);
  if (row < 0) throw InternalError(std::string(nnapi::name(*operation.type)) + " has no argument " + std::string(name));
  return nnapi::argument_table(*operation.type)[static_cast<size_t>(row)];
}

/// A scalar argument's value; its default where it was left out.
template <typename T>
T scalar(const Operation& operation, std::string_view name) {
  const ArgumentSpec& row = spec(operation, name);
  size_t position = static_cast<size_t>(&row - nnapi::argument_table(*operation.type).data());
  if (position < operation.arguments.size())
    if (const T* value = std::get_if<T>(&operation.arguments[position])) return *value;
  if (const T* value = std::get_if<T>(&row.default_value)) return *value;
  throw InternalError("argument " + std::string(name) + " of " + std::string(nnapi::name(*operation.type)) +
                      " has neither a value of that type nor a default");
}

}  // namespace

const Argument& Operation::argument(std::string_view name) const {
  const ArgumentSpec& row = spec(*this, name);
  return arguments.at(static_cast<size_t>(&row - nnapi::argument_table(*type).data()));
}

Argument& Operation::argument(std::string_view name) {
  return const_cast<Argument&>(static_cast<const Operation&>(*this).argument(name));
}

int32_t Operation::integer(std::string_view name) const { return scalar<int32_t>(*this, name); }
float Operation::real(std::string_view name) const { return scalar<float>(*this, name); }
bool Operation::boolean(std::string_view name) const { return scalar<bool>(*this, name); }

nnapi::Activation Operation::activation() const {
  const bool fuses = type && nnapi::traits(*type).fuses_activation;
  return fuses ? static_cast<nnapi::Activation>(integer("activation")) : nnapi::Activation::none;
}

OperandId Operation::operand(std::string_view name) const {
  std::optional<OperandId> id = optional_operand(name);
  check(id.has_value(), "a required tensor is present");
  return *id;
}

std::optional<OperandId> Operation::optional_operand(std::string_view name) const {
  const OperandId* id = std::get_if<OperandId>(&argument(name));
  return id ? std::optional<OperandId>(*id) : std::nullopt;
}

std::vector<OperandId> Operation::inputs() const {
  std::vector<OperandId> ids;
  const_cast<Operation*>(this)->for_each_input([&](OperandId& id) { ids.push_back(id); });
  return ids;
}

OperandId Graph::add_operand(TensorType type) {
  operands.push_back({std::move(type), std::nullopt});
  return static_cast<OperandId>(operands.size() - 1);
}

OperandId Graph::add_constant(Constant constant, Quantization quantization) {
  TensorType type{nnapi_type(constant.type()), constant.shape(), std::move(quantization)};
  if (!type.quantization.channel_scales.empty()) type.type = OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL;
  OperandId id = add_operand(std::move(type));
  (*this)[id].constant = std::move(constant);
  return id;
}

Operation Graph::make_operation(OperationType type, NamedArguments arguments, std::vector<TensorType> outputs,
                                uint32_t origin) {
  Operation operation;
  operation.type = type;
  operation.origin = origin;
  std::vector<bool> named(nnapi::argument_table(type).size(), false);
  operation.arguments.resize(named.size());
  for (const auto& [name, value] : arguments) {
    int row = nnapi::argument_index(type, name);
    if (row < 0) throw InternalError(std::string(nnapi::name(type)) + " has no argument " + std::string(name));
    operation.arguments[static_cast<size_t>(row)] = value;
    named[static_cast<size_t>(row)] = true;
  }
  for (size_t i = 0; i < named.size(); ++i)
    if (!named[i]) operation.arguments[i] = unnamed(nnapi::argument_table(type)[i]);
  for (TensorType& output : outputs) operation.outputs.push_back(add_operand(std::move(output)));
  return operation;
}

OperandId Graph::append(OperationType type, NamedArguments arguments, TensorType output, uint32_t origin) {
  operations.push_back(make_operation(type, arguments, {std::move(output)}, origin));
  return operations.back().output();
}

std::vector<std::optional<uint32_t>> Graph::producers() const {
  std::vector<std::optional<uint32_t>> result(operands.size());
  for (uint32_t i = 0; i < operations.size(); ++i)
    for (OperandId id : operations[i].outputs) result[index(id)] = i;
  return result;
}

std::vector<std::vector<uint32_t>> Graph::consumers() const {
  std::vector<std::vector<uint32_t>> result(operands.size());
  for (uint32_t i = 0; i < operations.size(); ++i)
    for (OperandId id : operations[i].inputs()) {
      std::vector<uint32_t>& readers = result[index(id)];
      if (readers.empty() || readers.back() != i) readers.push_back(i);
    }
  return result;
}

void Graph::replace_uses(OperandId from, OperandId to) {
  auto replace = [&](OperandId& id) {
    if (id == from) id = to;
  };
  for (Operation& operation : operations) operation.for_each_input(replace);
  for (OperandId& id : outputs) replace(id);
}

void Graph::remove_dead() {
  std::vector<bool> live(operands.size(), false);
  for (OperandId id : inputs) live[index(id)] = true;
  for (OperandId id : outputs) live[index(id)] = true;
  std::vector<Operation> kept;
  for (size_t i = operations.size(); i-- > 0;) {
    Operation& operation = operations[i];
    bool read =
        std::any_of(operation.outputs.begin(), operation.outputs.end(), [&](OperandId id) { return live[index(id)]; });
    if (!read) continue;
    for (OperandId id : operation.outputs) live[index(id)] = true;
    for (OperandId id : operation.inputs()) live[index(id)] = true;
    kept.push_back(std::move(operation));
  }
  std::reverse(kept.begin(), kept.end());
  operations = std::move(kept);

  std::vector<Operand> remaining;
  std::vector<OperandId> renumbered(operands.size());
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!live[i]) continue;
    renumbered[i] = static_cast<OperandId>(remaining.size());
    remaining.push_back(std::move(operands[i]));
  }
  operands = std::move(remaining);
  auto renumber = [&](OperandId& id) { id = renumbered[index(id)]; };
  for (Operation& operation : operations) {
    operation.for_each_input(renumber);
    for (OperandId& id : operation.outputs) renumber(id);
  }
  for (OperandId& id : inputs) renumber(id);
  for (OperandId& id : outputs) renumber(id);
}

void Graph::sort() {
  std::vector<std::optional<uint32_t>> producer = producers();
  enum class Mark : uint8_t { unseen, open, done };
  std::vector<Mark> marks(operations.size(), Mark::unseen);
  std::vector<uint32_t> order;
  std::vector<uint32_t> stack;
  for (uint32_t root = 0; root < operations.size(); ++root) {
    stack.push_back(root);
    while (!stack.empty()) {
      uint32_t at = stack.back();
      if (marks[at] != Mark::unseen) {
        stack.pop_back();
        if (marks[at] == Mark::open) order.push_back(at);
        marks[at] = Mark::done;
        continue;
      }
      marks[at] = Mark::open;
      std::vector<OperandId> read = operations[at].inputs();
      for (size_t i = read.size(); i-- > 0;) {
        std::optional<uint32_t> from = producer[index(read[i])];
        if (!from || marks[*from] == Mark::done) continue;
        check(marks[*from] == Mark::unseen, "the graph has no cycle");
        stack.push_back(*from);
      }
    }
  }
  std::vector<Operation> sorted;
  for (uint32_t at : order) sorted.push_back(std::move(operations[at]));
  operations = std::move(sorted);
}

void Graph::check_invariants() const {
  std::vector<bool> written(operands.size(), false);
  for (size_t i = 0; i < operands.size(); ++i)
    if (operands[i].constant) {
      written[i] = true;
      check(operands[i].constant->shape() == operands[i].type.shape, "a constant has the shape of its operand");
    }
  for (OperandId id : inputs) written[index(id)] = true;
  for (const Operation& operation : operations) {
    if (operation.type)
      check(operation.arguments.size() <= nnapi::argument_table(*operation.type).size(),
            "an operation has the arguments of its table");
    for (OperandId id : operation.inputs()) check(written[index(id)], "an operand is written before it is read");
    for (OperandId id : operation.outputs) {
      check(!written[index(id)], "an operand is written once");
      written[index(id)] = true;
    }
  }
  for (OperandId id : outputs) check(written[index(id)], "an output is written");
}

void Module::add_input(OperandId operand, Port port) {
  main().inputs.push_back(operand);
  ports.inputs.push_back(std::move(port));
}

void Module::add_output(OperandId operand, Port port) {
  main().outputs.push_back(operand);
  ports.outputs.push_back(std::move(port));
}

uint32_t Module::add_origin(std::string op) {
  origins.push_back({std::move(op), "", {}, {}});
  return static_cast<uint32_t>(origins.size() - 1);
}

void Module::check_invariants() const {
  for (const Graph& graph : graphs) graph.check_invariants();
  check(main().inputs.size() == ports.inputs.size() && main().outputs.size() == ports.outputs.size(),
        "the model's inputs and outputs have ports");
}

}  // namespace passerelle::graph
