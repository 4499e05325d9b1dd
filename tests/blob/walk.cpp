#include <cmath>
#include <cstring>
#include <set>
#include <stdexcept>

#include "samples.h"

namespace passerelle::blob_test {
namespace {

void require(bool condition, const char* rule) {
  if (!condition) throw std::logic_error(rule);
}

uint64_t sum(const char* text) {
  uint64_t total = 0;
  for (; *text; ++text) total += static_cast<unsigned char>(*text);
  return total;
}

uint64_t walk_operand(const blob::View& view, const blob::Operand& operand) {
  uint64_t total = static_cast<uint64_t>(operand.type) + std::fpclassify(operand.scale) + operand.zero_point;
  require(operand.dimensions.size() <= blob::highest_rank, "a rank is limited");
  for (uint32_t dimension : operand.dimensions) require(dimension > 0, "no dimension is 0");
  for (float scale : operand.channel_scales) require(std::isfinite(scale) && scale > 0, "a scale is positive");
  require(operand.byte_size <= UINT32_MAX, "a tensor's size fits 32 bits");
  if (operand.value) {
    const unsigned char* bytes = static_cast<const unsigned char*>(operand.value);
    require(reinterpret_cast<uintptr_t>(bytes) % 4 == 0, "a value is aligned");
    for (uint64_t i = 0; i < operand.byte_size; ++i) total += bytes[i];
  }
  if (operand.storage == blob::Storage::window) {
    require(operand.window < view.window_count(), "a window exists");
    const blob::Window window = view.window(operand.window);
    require(window.offset % blob::window_alignment == 0, "a window is aligned");
    require(operand.offset % blob::constant_alignment == 0, "a constant is aligned");
    require(operand.offset + operand.byte_size <= window.size, "a constant lies in its window");
    require(window.offset + window.size <= view.file_size(), "a window lies in the file");
  }
  return total;
}

uint64_t walk_ports(const blob::View& view, uint32_t count, blob::Port (blob::View::*port_at)(uint32_t) const) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const blob::Port port = (view.*port_at)(i);
    total += sum(port.name) + sum(blob::name(port.dtype)) + blob::byte_size(port.dtype);
    require(port.operand < view.operand_count(), "a port's operand exists");
    const blob::Operand operand = view.operand(port.operand);
    require(operand.storage == blob::Storage::computed, "a port has no value of its own");
    uint64_t elements = 1, operand_elements = 1;
    for (uint32_t dimension : port.shape) elements *= dimension;
    for (uint32_t dimension : operand.dimensions) operand_elements *= dimension;
    require(elements == operand_elements, "a port has its operand's elements");
    if (port.caller_layout != port.nnapi_layout)
      require(port.shape.size() == 4, "a converted port has four dimensions");
  }
  return total;
}

uint64_t walk_subgraph(const blob::View& view, uint32_t number) {
  const blob::SubgraphView graph = view.subgraph(number);
  uint64_t total = 0;
  for (uint32_t i = 0; i < graph.operand_count(); ++i) {
    const blob::Operand operand = graph.operand(i);
    total += walk_operand(view, operand);
    if (operand.storage == blob::Storage::subgraph)
      require(operand.subgraph > number && operand.subgraph < view.subgraph_count(), "a subgraph comes later");
  }
  std::set<uint32_t> known;
  for (uint32_t i = 0; i < graph.input_count(); ++i)
    require(known.insert(graph.input(i)).second, "no operand is two inputs");
  for (uint32_t i = 0; i < graph.operation_count(); ++i) {
    const blob::Operation operation = graph.operation(i);
    for (uint32_t k = 0; k < operation.inputs.size(); ++k) {
      const uint32_t operand = operation.inputs[k];
      require(operand < graph.operand_count(), "an operand exists");
      require(graph.operand(operand).storage != blob::Storage::computed || known.count(operand) == 1,
              "an operand is made before it is read");
    }
    for (uint32_t k = 0; k < operation.outputs.size(); ++k)
      require(known.insert(operation.outputs[k]).second, "an operand is made once");
    const blob::Origin origin = graph.origin(i);
    total += sum(operation.name) + sum(origin.module_path) + sum(origin.op) + sum(origin.user_file) +
             sum(origin.innermost_file) + origin.user_line + origin.innermost_line;
  }
  for (uint32_t i = 0; i < graph.output_count(); ++i) require(known.count(graph.output(i)) == 1, "an output is made");
  return total;
}

}  // namespace

uint64_t walk(const blob::View& view) {
  uint64_t total = sum(view.producer()) + view.version_minor() + static_cast<uint64_t>(view.feature_level());
  for (uint32_t i = 0; i < view.number_count(); ++i) total += sum(view.number(i));
  for (uint32_t i = 0; i < view.subgraph_count(); ++i) total += walk_subgraph(view, i);
  total += walk_ports(view, view.input_count(), &blob::View::input);
  total += walk_ports(view, view.output_count(), &blob::View::output);
  return total;
}

}  // namespace passerelle::blob_test
