#include <algorithm>
#include <cstring>

#include "facts.h"
#include "passerelle/blob/view.h"
#include "passerelle/support/text.h"
#include "text.h"
#include "validate_parts.h"

namespace passerelle::blob {
namespace {

using Ports = flatbuffers::Vector<flatbuffers::Offset<format::Port>>;

constexpr uint32_t most_ports = 4096;  // far more than any model has: comparing all names stays cheap
constexpr uint32_t nchw_to_nhwc[] = {0, 2, 3, 1};

struct Shape {
  const uint32_t* dimensions = nullptr;
  uint32_t rank = 0;
};

Shape shape_of(const format::Port& port) {
  if (!port.shape()) return {};
  return {port.shape()->data(), port.shape()->size()};
}

Shape shape_of(const format::Model& model, const format::Operand& operand) {
  const uint32_t* rank = model.dimensions()->data() + operand.dimensions();
  return {rank + 1, *rank};
}

/// Elements, or 0 for more than a tensor can have.
uint64_t element_count(const Shape& shape) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < shape.rank; ++i) {
    count *= shape.dimensions[i];
    if (count > UINT32_MAX) return 0;
  }
  return count;
}

std::string flaw_in_layouts(const format::Port& port, const Shape& shape, const Shape& operand) {
  const bool caller_last = port.caller_layout() == format::Layout::channels_last;
  const bool nnapi_last = port.nnapi_layout() == format::Layout::channels_last;
  if (port.caller_layout() > format::Layout::MAX || port.nnapi_layout() > format::Layout::MAX)
    return "has an unknown layout";
  if ((caller_last || nnapi_last) && shape.rank != 4) return "has channels last, but not four dimensions";
  if (!nnapi_last && caller_last == nnapi_last) return {};  // the operand may be a reshaped one
  if (operand.rank != shape.rank) return "has another rank than its operand";
  for (uint32_t i = 0; i < shape.rank; ++i)
    if (operand.dimensions[i] != shape.dimensions[nnapi_last ? nchw_to_nhwc[i] : i])
      return "has another shape than its operand";
  return {};
}

std::string flaw_in_element(const format::Port& port) {
  if (port.dtype() > format::Dtype::MAX) return "has an unknown dtype";
  if (is_quantized(static_cast<Dtype>(port.dtype()))) {
    if (!is_scale(port.scale())) return "has a scale that is not a positive number";
  } else if (port.scale() != 0 || port.zero_point() != 0) {
    return "has a quantization, but is not quantized";
  }
  return {};
}

std::string flaw_in_port(const format::Model& model, const format::Subgraph& subgraph, const format::Port& port) {
  const flatbuffers::String& name = *port.name();
  if (name.size() == 0 || name.size() > longest_name || !is_plain_text(name.c_str(), name.size()))
    return "has a name that is no plain text";
  if (port.operand() >= subgraph.operands()->size()) return "has an operand that does not exist";
  const format::Operand& operand = *subgraph.operands()->Get(port.operand());
  if (operand.storage() != format::Storage::computed) return "has an operand with a value of its own";
  const Shape shape = shape_of(port);
  if (shape.rank > highest_rank) return text({"has rank ", shape.rank});
  const Shape operand_shape = shape_of(model, operand);
  if (element_count(shape) != element_count(operand_shape)) return "has not as many elements as its operand";
  std::string reason = flaw_in_element(port);
  if (reason.empty()) reason = flaw_in_layouts(port, shape, operand_shape);
  return reason;
}

std::string flaw_in_names(const Ports& ports, const char* kind) {
  std::vector<const char*> names;
  names.reserve(ports.size());
  for (const format::Port* port : ports) names.push_back(port->name()->c_str());
  std::sort(names.begin(), names.end(), [](const char* a, const char* b) { return std::strcmp(a, b) < 0; });
  for (size_t i = 1; i < names.size(); ++i)
    if (std::strcmp(names[i - 1], names[i]) == 0) return text({"two ", kind, "s have the name ", names[i]});
  return {};
}

/// Every port's operand goes from state `from` to state `to`.
std::string flaw_in_ports(const format::Model& model, const format::Subgraph& subgraph, const Ports& ports,
                          const char* kind, OperandState from, OperandState to, std::vector<OperandState>& states) {
  if (ports.size() == 0 || ports.size() > most_ports) return text({"it has ", ports.size(), " ", kind, "s"});
  for (uint32_t index = 0; index < ports.size(); ++index) {
    const format::Port& port = *ports.Get(index);
    std::string reason = flaw_in_port(model, subgraph, port);
    if (reason.empty() && states[port.operand()] != from) reason = "has an operand that cannot be one";
    if (!reason.empty()) return text({kind, " ", index, " ", reason});
    states[port.operand()] = to;
  }
  return flaw_in_names(ports, kind);
}

}  // namespace

std::string flaw_in_inputs(const format::Model& model, const format::Subgraph& subgraph,
                           std::vector<OperandState>& states) {
  return flaw_in_ports(model, subgraph, *subgraph.inputs(), "input", OperandState::unset, OperandState::input, states);
}

std::string flaw_in_outputs(const format::Model& model, const format::Subgraph& subgraph,
                            std::vector<OperandState>& states) {
  return flaw_in_ports(model, subgraph, *subgraph.outputs(), "output", OperandState::made, OperandState::output,
                       states);
}

std::string flaw_in_origins(const format::Model& model, const format::Subgraph& subgraph) {
  const format::Origins* origins = subgraph.origins();
  if (!origins) return {};
  const uint32_t size = model.strings() ? model.strings()->size() : 0;
  const uint8_t* strings = size > 0 ? model.strings()->data() : nullptr;
  const auto is_string = [&](uint32_t offset) { return offset < size && (offset == 0 || strings[offset - 1] == 0); };
  if (origins->operations()->size() != subgraph.operations()->size())
    return "it has origins for another number of operations";
  for (const format::Call* call : *origins->calls())
    if (!is_string(call->op()) || !is_string(call->user_file()) || !is_string(call->innermost_file()))
      return "an origin names a string that does not exist";
  for (const format::Origin* origin : *origins->operations())
    if (!is_string(origin->module_path()) || origin->call() >= origins->calls()->size())
      return "an operation's origin does not exist";
  return {};
}

}  // namespace passerelle::blob
