#include "facts.h"

#include "passerelle/graph/shape.h"

namespace passerelle::report {
namespace {

nnapi::OperandView view_of(const blob::Operand& operand) {
  nnapi::OperandView view;
  view.type = operand.type;
  view.dimensions = operand.dimensions;
  view.scale = operand.scale;
  view.zero_point = operand.zero_point;
  view.channel_scales = operand.channel_scales;
  view.channel_dimension = operand.channel_dimension;
  view.omitted = operand.storage == blob::Storage::omitted;
  view.is_constant = operand.storage == blob::Storage::value || operand.storage == blob::Storage::window ||
                     operand.storage == blob::Storage::scalar;
  if (operand.storage == blob::Storage::scalar || operand.storage == blob::Storage::value) {
    view.value = operand.value;
    view.value_size = operand.byte_size;
  }
  return view;
}

}  // namespace

nnapi::Legality operation_legality(const blob::SubgraphView& view, const blob::Operation& operation) {
  std::vector<nnapi::OperandView> inputs, outputs;
  for (uint32_t i = 0; i < operation.inputs.size(); ++i) inputs.push_back(view_of(view.operand(operation.inputs[i])));
  for (uint32_t i = 0; i < operation.outputs.size(); ++i)
    outputs.push_back(view_of(view.operand(operation.outputs[i])));
  return nnapi::legality(operation.type, inputs, outputs);
}

uint64_t constant_bytes(const blob::View& view) {
  uint64_t bytes = 0;
  for (uint32_t graph = 0; graph < view.subgraph_count(); ++graph)
    for (uint32_t i = 0; i < view.subgraph(graph).operand_count(); ++i)
      if (const blob::Operand operand = view.subgraph(graph).operand(i); operand.storage == blob::Storage::value)
        bytes += operand.byte_size;
  for (uint32_t i = 0; i < view.window_count(); ++i) bytes += view.window(i).size;
  return bytes;
}

std::string shape_text(Span<const uint32_t> dimensions) { return graph::to_string(dimensions.to_vector()); }

std::string layout_text(const FilePort& port, blob::Layout layout) {
  if (port.shape.size() != 4) return "-";
  return layout == blob::Layout::channels_last ? "NHWC" : "NCHW";
}

graph::Origin origin_of(const blob::SubgraphView& view, uint32_t operation) {
  blob::Origin origin = view.origin(operation);
  return {origin.op,
          origin.module_path,
          {origin.user_file, static_cast<int>(origin.user_line)},
          {origin.innermost_file, static_cast<int>(origin.innermost_line)}};
}

bool is_overhead(nnapi::OperationType type) {
  using nnapi::OperationType;
  return type == OperationType::TRANSPOSE || type == OperationType::CAST || type == OperationType::QUANTIZE ||
         type == OperationType::DEQUANTIZE;
}

const char* name(blob::Storage storage) {
  switch (storage) {
    case blob::Storage::computed: return "computed";
    case blob::Storage::scalar: return "scalar";
    case blob::Storage::value: return "value";
    case blob::Storage::window: return "window";
    case blob::Storage::omitted: return "omitted";
    case blob::Storage::subgraph: return "subgraph";
  }
  return "";
}

}  // namespace passerelle::report
