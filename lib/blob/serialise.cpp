#include "head.h"
#include "passerelle/support/check.h"
#include "text.h"
#include "validate.h"

namespace passerelle::blob {
namespace {

using flatbuffers::Offset;

constexpr size_t most_narrow_operands = 65536;
constexpr uint16_t minor_version_of_numbers = 1;

Offset<format::Port> add_port(flatbuffers::FlatBufferBuilder& builder, const graph::Port& port, uint32_t operand) {
  check(port.element_type != graph::ElementType::other, "a port has a type that exists");
  check(port.quantization.channel_scales.empty(), "a port is not quantized per channel");
  const auto name = builder.CreateString(plain_text(port.name, longest_name));
  const auto shape = port.shape.empty() ? Offset<flatbuffers::Vector<uint32_t>>() : builder.CreateVector(port.shape);
  const bool quantized = graph::is_quantized(port.element_type);
  return format::CreatePort(builder, name, operand, static_cast<format::Dtype>(port.element_type), shape,
                            quantized ? port.quantization.scale : 0, quantized ? port.quantization.zero_point : 0,
                            static_cast<format::Layout>(port.caller_layout),
                            static_cast<format::Layout>(port.nnapi_layout));
}

std::vector<format::Window> windows_of(const ConstantStore& constants, const std::vector<WindowFacts>& facts) {
  std::vector<format::Window> windows;
  for (size_t i = 0; i < facts.size(); ++i) {
    const auto [page, digest] = facts[i];
    windows.emplace_back(page, static_cast<uint32_t>(constants.windows()[i].size), static_cast<uint32_t>(digest),
                         static_cast<uint32_t>(digest >> 32));
  }
  return windows;
}

}  // namespace

Offset<format::Subgraph> Head::add_subgraph(flatbuffers::FlatBufferBuilder& builder, const Part& part,
                                            bool is_model) const {
  const graph::Ports& ports = module_.ports;
  std::vector<Offset<format::Port>> inputs, outputs;
  for (size_t i = 0; is_model && i < ports.inputs.size(); ++i)
    inputs.push_back(add_port(builder, ports.inputs[i], part.border_operand(part.graph->inputs[i])));
  for (size_t i = 0; is_model && i < ports.outputs.size(); ++i)
    outputs.push_back(add_port(builder, ports.outputs[i], part.border_operand(part.graph->outputs[i])));

  Offset<flatbuffers::Vector<uint16_t>> narrow;
  Offset<flatbuffers::Vector<uint32_t>> wide;
  if (part.operands.size() <= most_narrow_operands)
    narrow = builder.CreateVector(std::vector<uint16_t>(part.indexes.begin(), part.indexes.end()));
  else
    wide = builder.CreateVector(part.indexes);
  Offset<format::Origins> origins;
  if (!part.origins.empty())
    origins = format::CreateOrigins(builder, builder.CreateVectorOfStructs(part.calls),
                                    builder.CreateVectorOfStructs(part.origins));
  const auto operands = builder.CreateVectorOfStructs(part.operands);
  const auto operations = builder.CreateVectorOfStructs(part.operations);
  const auto input_ports = builder.CreateVector(inputs);
  const auto output_ports = builder.CreateVector(outputs);
  if (is_model)
    return format::CreateSubgraph(builder, operands, operations, narrow, wide, input_ports, output_ports, origins);
  std::vector<uint32_t> taken, given;
  for (graph::OperandId id : part.graph->inputs) taken.push_back(part.border_operand(id));
  for (graph::OperandId id : part.graph->outputs) given.push_back(part.border_operand(id));
  const auto formal_inputs = builder.CreateVector(taken);
  const auto formal_outputs = builder.CreateVector(given);
  return format::CreateSubgraph(builder, operands, operations, narrow, wide, input_ports, output_ports, origins,
                                formal_inputs, formal_outputs);
}

std::vector<unsigned char> Head::serialise(const std::vector<WindowFacts>& window_facts, uint64_t file_size) const {
  flatbuffers::FlatBufferBuilder builder(1 << 16);
  std::vector<Offset<format::Subgraph>> subgraphs;
  for (const Part& part : parts_) subgraphs.push_back(add_subgraph(builder, part, &part == &parts_.front()));

  std::vector<Offset<format::ChannelQuantization>> channels;
  for (const auto& [dimension, scales] : types_.channels())
    channels.push_back(format::CreateChannelQuantization(builder, dimension, builder.CreateVector(scales)));
  const uint16_t version = parts_.size() > 1 ? control_flow_version : 1;
  const auto producer = builder.CreateString(plain_text(options_.producer, longest_name));
  const auto dimensions = builder.CreateVector(types_.dimensions());
  const auto quantizations = builder.CreateVectorOfStructs(types_.quantizations());
  const auto channel_quantizations = builder.CreateVector(channels);
  const auto values = builder.CreateVector(constants_.values());
  const auto windows = builder.CreateVectorOfStructs(windows_of(constants_, window_facts));
  const auto strings = builder.CreateVector(strings_.bytes());
  const auto all_subgraphs = builder.CreateVector(subgraphs);
  Offset<flatbuffers::Vector<Offset<flatbuffers::String>>> numbers;
  if (!options_.numbers.empty()) {
    std::vector<Offset<flatbuffers::String>> texts;
    for (const std::string& number : options_.numbers)
      texts.push_back(builder.CreateString(plain_text(number, longest_name)));
    numbers = builder.CreateVector(texts);
  }
  const uint16_t minor_version = options_.numbers.empty() ? 0 : minor_version_of_numbers;
  format::FinishSizePrefixedModelBuffer(
      builder,
      format::CreateModel(builder, version, minor_version, producer, file_size,
                          static_cast<uint8_t>(options_.feature_level), module_.relax_fp16, dimensions, quantizations,
                          channel_quantizations, values, windows, strings, all_subgraphs, numbers));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace passerelle::blob
