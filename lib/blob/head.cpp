#include "head.h"

#include <algorithm>
#include <cstring>

#include "passerelle/support/check.h"

namespace passerelle::blob {
namespace {

constexpr size_t most_arguments = UINT16_MAX;

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

std::string name_of(const graph::Module& module, const graph::Operation& operation) {
  std::string name(nnapi::name(*operation.type));
  if (operation.origin < module.origins.size() && !module.origins[operation.origin].module_path.empty())
    name += " of module " + module.origins[operation.origin].module_path;
  return name;
}

uint64_t byte_size(const graph::TensorType& type) {
  return uint64_t{graph::element_count(type.shape)} * nnapi::element_size(type.type);
}

Error too_large(const std::string& what, const graph::TensorType& type) {
  return {ErrorKind::unsupported, "a tensor of " + what + " has the shape " + graph::to_string(type.shape) + " and " +
                                      std::to_string(byte_size(type)) +
                                      " bytes, and NNAPI takes less than 4 GiB; split it"};
}

}  // namespace

uint32_t TypePool::add_shape(const graph::Shape& shape) {
  const auto [known, is_new] = shape_offsets_.try_emplace(shape, static_cast<uint32_t>(dimensions_.size()));
  if (is_new) {
    dimensions_.push_back(static_cast<uint32_t>(shape.size()));
    dimensions_.insert(dimensions_.end(), shape.begin(), shape.end());
  }
  return known->second;
}

uint32_t TypePool::add_quantization(const graph::Quantization& quantization) {
  const auto [known, is_new] = quantization_indexes_.try_emplace({bits_of(quantization.scale), quantization.zero_point},
                                                                 static_cast<uint32_t>(quantizations_.size()));
  if (is_new) quantizations_.emplace_back(quantization.scale, quantization.zero_point);
  return known->second;
}

uint32_t TypePool::add_channels(const graph::Quantization& quantization) {
  std::pair<uint32_t, std::vector<float>> channels{quantization.channel_dimension, quantization.channel_scales};
  const auto [known, is_new] = channel_indexes_.try_emplace(channels, static_cast<uint32_t>(channels_.size()));
  if (is_new) channels_.push_back(std::move(channels));
  return known->second;
}

Head::Head(const graph::Module& module, const WriteOptions& options)
    : module_(module), options_(options), constants_(options.window_limit) {}

Expected<Head> Head::make(const graph::Module& module, const WriteOptions& options) {
  check(options.feature_level >= nnapi::lowest_feature_level && options.feature_level <= nnapi::highest_feature_level,
        "a file is written for a feature level that exists");
  Head head(module, options);
  for (const graph::Graph& graph : module.graphs) {
    auto done = head.add_part(graph);
    if (!done) return done.error();
  }
  return Expected<Head>(std::move(head));
}

size_t Head::operand_count() const {
  size_t count = 0;
  for (const Part& part : parts_) count += part.operands.size();
  return count;
}

size_t Head::operation_count() const {
  size_t count = 0;
  for (const Part& part : parts_) count += part.operations.size();
  return count;
}

std::string Head::input_name(size_t input) const {
  return parts_.size() > 1 ? "what goes into a branch or a loop" : "input " + module_.ports.inputs[input].name;
}

Expected<void> Head::add_part(const graph::Graph& graph) {
  parts_.emplace_back();
  part().graph = &graph;
  part().numbers.resize(graph.operands.size());
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const graph::TensorType& type = graph.type(graph.inputs[i]);
    if (byte_size(type) > UINT32_MAX) return too_large(input_name(i), type);
    part().numbers[graph::index(graph.inputs[i])] =
        append({types_.add_shape(type.shape), 0, quantization(type), 0, static_cast<uint8_t>(type.type),
                format::Storage::computed});
  }
  for (const graph::Operation& operation : graph.operations) {
    check(operation.type.has_value(), "a graph to be written has no opaque operation");
    auto done = add_operation(operation);
    if (!done) return done.error();
    if (!options_.strip_origins && !module_.origins.empty()) add_origin(operation);
  }
  return {};
}

Expected<void> Head::add_operation(const graph::Operation& operation) {
  const size_t first = part().indexes.size();
  const auto read = [&](graph::OperandId id) -> Expected<void> {
    auto number = operand(id, operation);
    if (!number) return number.error();
    part().indexes.push_back(*number);
    return {};
  };
  for (const graph::Argument& argument : operation.arguments) {
    if (const auto* id = std::get_if<graph::OperandId>(&argument)) {
      auto done = read(*id);
      if (!done) return done.error();
    } else if (const auto* ids = std::get_if<std::vector<graph::OperandId>>(&argument)) {
      for (graph::OperandId each : *ids) {
        auto done = read(each);
        if (!done) return done.error();
      }
    } else if (const auto* integer = std::get_if<int32_t>(&argument)) {
      part().indexes.push_back(scalar(nnapi::OperandType::INT32, static_cast<uint32_t>(*integer)));
    } else if (const auto* real = std::get_if<float>(&argument)) {
      part().indexes.push_back(scalar(nnapi::OperandType::FLOAT32, bits_of(*real)));
    } else if (const auto* boolean = std::get_if<bool>(&argument)) {
      part().indexes.push_back(scalar(nnapi::OperandType::BOOL, *boolean ? 1 : 0));
    } else if (const auto* graph = std::get_if<graph::GraphId>(&argument)) {
      part().indexes.push_back(append({types_.add_shape({}), graph::index(*graph), types_.add_quantization({}), 0,
                                       static_cast<uint8_t>(nnapi::OperandType::MODEL), format::Storage::subgraph}));
    } else {
      part().indexes.push_back(omitted(operation));
    }
  }
  const size_t input_count = part().indexes.size() - first;
  for (graph::OperandId id : operation.outputs) {
    auto done = read(id);
    if (!done) return done.error();
  }
  if (input_count > most_arguments || operation.outputs.size() > most_arguments || part().indexes.size() > UINT32_MAX)
    return Error{ErrorKind::unsupported, name_of(module_, operation) + " has " + std::to_string(input_count) +
                                             " arguments, and the file format takes at most " +
                                             std::to_string(most_arguments) + "; split it"};
  part().operations.emplace_back(static_cast<uint32_t>(first), static_cast<uint16_t>(input_count),
                                 static_cast<uint16_t>(operation.outputs.size()),
                                 static_cast<uint16_t>(*operation.type), uint16_t{0});
  return {};
}

Expected<uint32_t> Head::operand(graph::OperandId id, const graph::Operation& reader) {
  std::optional<uint32_t>& number = part().numbers[graph::index(id)];
  if (number) return *number;
  const graph::Operand& operand = (*part().graph)[id];
  const uint64_t size = byte_size(operand.type);
  if (size > UINT32_MAX) return too_large(name_of(module_, reader), operand.type);
  Place place{Storage::computed, 0, 0};
  if (operand.constant) {
    check(operand.constant->byte_size() == size, "a constant has the size of its operand");
    const auto stored = constants_.add(*operand.constant);
    if (!stored)
      return Error{ErrorKind::unsupported, "the weights need more windows than the file format has numbers for"};
    place = *stored;
    ++constant_count_;
  }
  number = append({types_.add_shape(operand.type.shape), place.value, quantization(operand.type), place.window,
                   static_cast<uint8_t>(operand.type.type), static_cast<format::Storage>(place.storage)});
  return *number;
}

uint32_t Head::scalar(nnapi::OperandType type, uint32_t bits) {
  const auto known = part().scalars.find({type, bits});
  if (known != part().scalars.end()) return known->second;
  const uint32_t number = append({types_.add_shape({}), bits, types_.add_quantization({}), 0,
                                  static_cast<uint8_t>(type), format::Storage::scalar});
  part().scalars.emplace(std::pair{type, bits}, number);
  return number;
}

/// An omitted tensor has a type nevertheless, which NNAPI checks: that of the operation's first tensor.
uint32_t Head::omitted(const graph::Operation& operation) {
  const std::vector<graph::OperandId> inputs = operation.inputs();
  check(!inputs.empty(), "an operation with an omitted tensor has another one");
  const graph::TensorType& type = part().graph->type(inputs.front());
  check(type.quantization.channel_scales.empty(), "an operation's first tensor is not quantized per channel");
  const uint32_t quantization = types_.add_quantization(type.quantization);
  const auto known = part().omitted.find({type.type, quantization});
  if (known != part().omitted.end()) return known->second;
  const uint32_t number =
      append({types_.add_shape({}), 0, quantization, 0, static_cast<uint8_t>(type.type), format::Storage::omitted});
  part().omitted.emplace(std::pair{type.type, quantization}, number);
  return number;
}

uint32_t Head::quantization(const graph::TensorType& type) {
  return type.type == nnapi::OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL ? types_.add_channels(type.quantization)
                                                                         : types_.add_quantization(type.quantization);
}

uint32_t Head::append(const format::Operand& operand) {
  part().operands.push_back(operand);
  return static_cast<uint32_t>(part().operands.size() - 1);
}

void Head::add_origin(const graph::Operation& operation) {
  check(operation.origin < module_.origins.size(), "an operation's origin exists");
  const graph::Origin& origin = module_.origins[operation.origin];
  const auto line = [](const graph::SourceLocation& location) {
    return static_cast<uint32_t>(std::max(0, location.line));
  };
  const auto key = std::tuple{strings_.add(origin.op), strings_.add(origin.user.file), line(origin.user),
                              strings_.add(origin.innermost.file), line(origin.innermost)};
  const auto [known, is_new] = part().call_indexes.try_emplace(key, static_cast<uint32_t>(part().calls.size()));
  if (is_new) part().calls.push_back(std::make_from_tuple<format::Call>(key));
  part().origins.emplace_back(strings_.add(origin.module_path), known->second);
}

uint32_t Head::Part::border_operand(graph::OperandId id) const {
  const std::optional<uint32_t>& number = numbers[graph::index(id)];
  check(number.has_value(), "an output is made by an operation");
  return *number;
}

}  // namespace passerelle::blob
