#include "mutation.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

#include "mutable/model_generated.h"
#include "passerelle/blob/digest.h"
#include "passerelle/blob/view.h"

namespace passerelle::blob_test {
namespace {

using format::ModelT;
using format::SubgraphT;

constexpr uint64_t page_size = blob::window_alignment;
constexpr size_t longest_vector = 1 << 12;  // of a file that is worth mutating
constexpr size_t most_tables = 64;          // several offsets may lead to one table, which unpacking makes several of

constexpr uint32_t extremes[] = {0,          1,          2,          0x7f,       0x80,
                                 0xff,       0x7fff,     0x8000,     0xffff,     0x10000,
                                 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xfffffff0,
                                 0xfffffffc, 0xffffffff, 0x03ffffff, 0x04000000, 0x7f800000 /* infinite */,
                                 0x7fc00000 /* not a number */};

/// Another number in the place of `old`, for something that counts up to `count`.
uint32_t number(Random& random, uint32_t old, size_t count) {
  const uint32_t limit = static_cast<uint32_t>(count);
  switch (random() % 8) {
    case 0: return old + 1;
    case 1: return old - 1;
    case 2: return limit - random() % 2;
    case 3: return extremes[random() % std::size(extremes)];
    case 4: return old ^ (uint32_t{1} << random() % 32);
    default: return limit > 0 ? random() % limit : 0;
  }
}

float real(Random& random, float old) {
  const uint32_t bits = extremes[random() % std::size(extremes)];
  float value;
  std::memcpy(&value, &bits, sizeof value);
  switch (random() % 4) {
    case 0: return value;
    case 1: return -old;
    case 2: return std::numeric_limits<float>::denorm_min();
    default: return old * 2;
  }
}

template <typename T>
T& pick(std::vector<T>& all, Random& random) {
  return all[random() % all.size()];
}

template <typename T>
std::unique_ptr<T> copy(const std::unique_ptr<T>& original) {
  return std::make_unique<T>(*original);
}
template <typename T>
T copy(const T& original) {
  return original;
}

/// One element more or less, or two exchanged, or one twice.
template <typename T>
void rearrange(std::vector<T>& all, Random& random) {
  if (all.empty()) return;
  const size_t a = random() % all.size(), b = random() % all.size();
  switch (random() % 4) {
    case 0: all.erase(all.begin() + static_cast<long>(a)); break;
    case 1: all.insert(all.begin() + static_cast<long>(a), copy(all[b])); break;
    case 2: std::swap(all[a], all[b]); break;
    default: all[a] = copy(all[b]); break;
  }
}

void change_operand(ModelT& model, SubgraphT& graph, Random& random) {
  if (graph.operands.empty()) return;
  format::Operand& operand = pick(graph.operands, random);
  switch (random() % 6) {
    case 0: operand.mutate_dimensions(number(random, operand.dimensions(), model.dimensions.size())); break;
    case 1: operand.mutate_value(number(random, operand.value(), model.values.size())); break;
    case 2: operand.mutate_quantization(number(random, operand.quantization(), model.quantizations.size())); break;
    case 3: operand.mutate_window(static_cast<uint16_t>(number(random, operand.window(), model.windows.size()))); break;
    case 4: operand.mutate_type(static_cast<uint8_t>(number(random, operand.type(), 16))); break;
    default: operand.mutate_storage(static_cast<format::Storage>(number(random, 0, 6))); break;
  }
}

void change_operation(ModelT&, SubgraphT& graph, Random& random) {
  if (graph.operations.empty()) return;
  format::Operation& operation = pick(graph.operations, random);
  switch (random() % 5) {
    case 0: operation.mutate_first(number(random, operation.first(), graph.indexes.size())); break;
    case 1: operation.mutate_input_count(static_cast<uint16_t>(number(random, operation.input_count(), 12))); break;
    case 2: operation.mutate_output_count(static_cast<uint16_t>(number(random, operation.output_count(), 4))); break;
    case 3: operation.mutate_type(static_cast<uint16_t>(number(random, operation.type(), 106))); break;
    default: operation.mutate_reserved(static_cast<uint16_t>(random() % 2)); break;
  }
}

void change_index(ModelT&, SubgraphT& graph, Random& random) {
  if (graph.indexes.empty()) return;
  uint16_t& index = pick(graph.indexes, random);
  index = static_cast<uint16_t>(number(random, index, graph.operands.size()));
}

void widen_indexes(ModelT&, SubgraphT& graph, Random& random) {
  graph.wide_indexes.assign(graph.indexes.begin(), graph.indexes.end());
  if (random() % 2 == 0) graph.indexes.clear();
}

void change_dimension(ModelT& model, SubgraphT&, Random& random) {
  if (model.dimensions.empty()) return;
  uint32_t& dimension = pick(model.dimensions, random);
  dimension = number(random, dimension, 9);
}

void change_quantization(ModelT& model, SubgraphT&, Random& random) {
  if (model.quantizations.empty()) return;
  format::Quantization& quantization = pick(model.quantizations, random);
  if (random() % 2 == 0)
    quantization.mutate_scale(real(random, quantization.scale()));
  else
    quantization.mutate_zero_point(
        static_cast<int32_t>(number(random, static_cast<uint32_t>(quantization.zero_point()), 256)));
}

void change_channels(ModelT& model, SubgraphT&, Random& random) {
  if (model.channel_quantizations.empty()) return;
  format::ChannelQuantizationT& channels = *pick(model.channel_quantizations, random);
  if (random() % 2 == 0)
    channels.dimension = number(random, channels.dimension, 4);
  else if (!channels.scales.empty() && random() % 2 == 0)
    pick(channels.scales, random) = real(random, channels.scales[0]);
  else
    rearrange(channels.scales, random);
}

void change_window(ModelT& model, SubgraphT&, Random& random) {
  if (model.windows.empty()) return;
  format::Window& window = pick(model.windows, random);
  switch (random() % 3) {
    case 0: window.mutate_page(number(random, window.page(), 4)); break;
    case 1: window.mutate_size(number(random, window.size(), page_size)); break;
    default: window.mutate_digest_low(number(random, window.digest_low(), 4)); break;
  }
}

void change_bytes(std::vector<uint8_t>& bytes, Random& random) {
  if (bytes.empty()) return;
  uint8_t& byte = pick(bytes, random);
  byte = static_cast<uint8_t>(number(random, byte, 256));
}

void change_values(ModelT& model, SubgraphT&, Random& random) { change_bytes(model.values, random); }
void change_strings(ModelT& model, SubgraphT&, Random& random) { change_bytes(model.strings, random); }

void change_port(ModelT&, SubgraphT& graph, Random& random) {
  auto& ports = random() % 2 == 0 ? graph.inputs : graph.outputs;
  if (ports.empty()) return;
  format::PortT& port = *pick(ports, random);
  switch (random() % 8) {
    case 0: port.operand = number(random, port.operand, graph.operands.size()); break;
    case 1: port.dtype = static_cast<format::Dtype>(number(random, 0, 14)); break;
    case 2: rearrange(port.shape, random); break;
    case 3: port.scale = real(random, port.scale); break;
    case 4: port.zero_point = static_cast<int32_t>(number(random, static_cast<uint32_t>(port.zero_point), 256)); break;
    case 5: port.caller_layout = static_cast<format::Layout>(number(random, 0, 3)); break;
    case 6: port.nnapi_layout = static_cast<format::Layout>(number(random, 0, 3)); break;
    default: port.name.append(number(random, 0, 40) % 5000, static_cast<char>(random())); break;
  }
}

void change_port_shape(ModelT&, SubgraphT& graph, Random& random) {
  auto& ports = random() % 2 == 0 ? graph.inputs : graph.outputs;
  if (ports.empty()) return;
  format::PortT& port = *pick(ports, random);
  if (port.shape.empty()) return port.shape.push_back(number(random, 1, 4));
  uint32_t& dimension = pick(port.shape, random);
  dimension = number(random, dimension, 9);
}

void change_origin(ModelT& model, SubgraphT& graph, Random& random) {
  if (!graph.origins || graph.origins->calls.empty() || graph.origins->operations.empty()) return;
  format::Origin& origin = pick(graph.origins->operations, random);
  format::Call& call = pick(graph.origins->calls, random);
  switch (random() % 6) {
    case 0: origin.mutate_module_path(number(random, origin.module_path(), model.strings.size())); break;
    case 1: origin.mutate_call(number(random, origin.call(), graph.origins->calls.size())); break;
    case 2: call.mutate_op(number(random, call.op(), model.strings.size())); break;
    case 3: call.mutate_user_file(number(random, call.user_file(), model.strings.size())); break;
    case 4: rearrange(graph.origins->calls, random); break;
    default: rearrange(graph.origins->operations, random); break;
  }
}

void change_model(ModelT& model, SubgraphT&, Random& random) {
  switch (random() % 5) {
    case 0: model.version_major = static_cast<uint16_t>(number(random, model.version_major, 3)); break;
    case 1: model.version_minor = static_cast<uint16_t>(number(random, model.version_minor, 3)); break;
    case 2: model.feature_level = static_cast<uint8_t>(number(random, model.feature_level, 9)); break;
    case 3: model.relax_fp16 = !model.relax_fp16; break;
    default: model.producer.append(number(random, 0, 40) % 5000, static_cast<char>(random())); break;
  }
}

void rearrange_tables(ModelT& model, SubgraphT& graph, Random& random) {
  switch (random() % 10) {
    case 0: rearrange(graph.operands, random); break;
    case 1: rearrange(graph.operations, random); break;
    case 2: rearrange(graph.indexes, random); break;
    case 3: rearrange(graph.inputs, random); break;
    case 4: rearrange(graph.outputs, random); break;
    case 5: rearrange(model.dimensions, random); break;
    case 6: rearrange(model.quantizations, random); break;
    case 7: rearrange(model.channel_quantizations, random); break;
    case 8: rearrange(model.windows, random); break;
    default: graph.origins.reset(); break;
  }
}

/// A second subgraph: last, as `graph` of the others must not move.
void add_subgraph(ModelT& model, SubgraphT& graph, Random& random) {
  if (random() % 8 == 0) model.subgraphs.push_back(std::make_unique<SubgraphT>(graph));
}

/// Formal inputs and outputs, and references to subgraphs.
void change_formals(ModelT& model, SubgraphT& graph, Random& random) {
  auto& formals = random() % 2 == 0 ? graph.formal_inputs : graph.formal_outputs;
  if (!formals.empty() && random() % 2 == 0) pick(formals, random) = number(random, 0, graph.operands.size());
  if (random() % 4 == 0) rearrange(formals, random);
  for (format::Operand& operand : graph.operands)
    if (operand.storage() == format::Storage::subgraph && random() % 4 == 0)
      operand.mutate_value(number(random, operand.value(), model.subgraphs.size()));
}

using Change = void (*)(ModelT&, SubgraphT&, Random&);
constexpr Change changes[] = {
    change_operand,  change_operand, change_operation, change_operation,  change_index,   change_index,
    change_index,    widen_indexes,  change_dimension, change_dimension,  change_values,  change_quantization,
    change_channels, change_window,  change_strings,   change_port_shape, change_port,    change_origin,
    change_model,    add_subgraph,   rearrange_tables, rearrange_tables,  change_formals,
};

/// As the format wants it: the operations' stretches of the pool follow each other and fill it.
void repair_pool(SubgraphT& graph) {
  uint32_t first = 0;
  for (format::Operation& operation : graph.operations) {
    operation.mutate_first(first);
    first += uint32_t{operation.input_count()} + operation.output_count();
  }
  if (first > longest_vector) return;
  if (graph.wide_indexes.empty())
    graph.indexes.resize(first);
  else
    graph.wide_indexes.resize(first);
}

/// A port has its operand's shape.
void repair_ports(const ModelT& model, SubgraphT& graph) {
  for (auto* ports : {&graph.inputs, &graph.outputs}) {
    for (auto& port : *ports) {
      if (port->operand >= graph.operands.size()) continue;
      const uint32_t at = graph.operands[port->operand].dimensions();
      if (at >= model.dimensions.size()) continue;
      const uint32_t rank = model.dimensions[at];
      if (rank > blob::highest_rank || rank > model.dimensions.size() - at - 1) continue;
      const auto first = model.dimensions.begin() + at + 1;
      port->shape.assign(first, first + rank);
      if (port->nnapi_layout == format::Layout::channels_last && rank == 4)
        std::rotate(port->shape.begin() + 1, port->shape.begin() + 3, port->shape.end());
    }
  }
}

struct Parts {
  std::vector<unsigned char> head;     // with its size prefix
  std::vector<unsigned char> weights;  // from the page behind the head's last
  uint64_t first_page = 0;             // that the weights begin at
};

uint64_t first_page(uint64_t head_size) { return (head_size + sizeof(uint64_t) + page_size - 1) / page_size; }

bool split(const std::vector<unsigned char>& file, Parts& parts) {
  const auto size = blob::head_size(file.data(), file.size());
  if (!size || *size > file.size() || file.size() - *size < sizeof(uint64_t)) return false;
  const auto head_end = file.begin() + static_cast<long>(*size);
  parts.head.assign(file.begin(), head_end);
  parts.first_page = first_page(*size);
  const uint64_t weights = std::min<uint64_t>(parts.first_page * page_size, file.size());
  parts.weights.assign(file.begin() + static_cast<long>(weights), file.end());
  return true;
}

bool is_worth_mutating(const format::Model& model) {
  const auto& graphs = *model.subgraphs();
  if (graphs.size() > most_tables || model.dimensions()->size() > longest_vector ||
      (model.channel_quantizations() && model.channel_quantizations()->size() > most_tables))
    return false;
  return std::all_of(graphs.begin(), graphs.end(), [](const format::Subgraph* graph) {
    return graph->inputs()->size() <= most_tables && graph->outputs()->size() <= most_tables &&
           graph->operands()->size() <= longest_vector &&
           (!graph->indexes() || graph->indexes()->size() <= longest_vector);
  });
}

void change_length(std::vector<unsigned char>& weights, Random& random) {
  constexpr size_t most = 8 * page_size;
  weights.resize(std::min<size_t>(number(random, static_cast<uint32_t>(weights.size()), 3 * page_size), most));
}

void write_window_digests(ModelT& model, const std::vector<unsigned char>& file) {
  for (format::Window& window : model.windows) {
    const uint64_t offset = window.page() * page_size;
    if (offset > file.size() || window.size() > file.size() - offset) continue;
    const uint64_t digest = blob::digest(file.data() + offset, window.size());
    window.mutate_digest_low(static_cast<uint32_t>(digest));
    window.mutate_digest_high(static_cast<uint32_t>(digest >> 32));
  }
}

std::vector<unsigned char> packed(const ModelT& model) {
  flatbuffers::FlatBufferBuilder builder(1 << 14);
  format::FinishSizePrefixedModelBuffer(builder, format::CreateModel(builder, &model));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

/// The head in the file's first pages, the weights where they were in relation to it.
std::vector<unsigned char> assembled(ModelT& model, const Parts& parts, Random& random) {
  const bool keeps_sizes = random() % 16 == 0;
  const uint64_t begin = first_page(packed(model).size());
  std::vector<unsigned char> file(begin * page_size);
  if (parts.weights.empty())
    file.resize(packed(model).size() + sizeof(uint64_t));
  else
    file.insert(file.end(), parts.weights.begin(), parts.weights.end());
  if (!keeps_sizes) {
    for (format::Window& window : model.windows)
      window.mutate_page(window.page() + static_cast<uint32_t>(begin - parts.first_page));
    model.file_size = file.size();
    if (random() % 16 == 0) model.file_size = number(random, static_cast<uint32_t>(file.size()), file.size());
    write_window_digests(model, file);
  }
  const std::vector<unsigned char> head = packed(model);  // of the same size: only numbers changed
  if (head.size() + sizeof(uint64_t) > file.size()) file.resize(head.size() + sizeof(uint64_t));
  std::copy(head.begin(), head.end(), file.begin());
  return file;
}

}  // namespace

void seal(unsigned char* file, size_t size) {
  const auto head = blob::head_size(file, size);
  if (!head || *head > size || size - *head < sizeof(uint64_t)) return;
  const uint64_t digest = blob::digest(file, static_cast<size_t>(*head));
  std::memcpy(file + *head, &digest, sizeof digest);
}

bool mutate_model(std::vector<unsigned char>& file, Random& random) {
  Parts parts;
  if (!split(file, parts)) return false;
  flatbuffers::Verifier verifier(parts.head.data(), parts.head.size());
  if (!format::VerifySizePrefixedModelBuffer(verifier)) return false;
  const format::Model& packed_model = *format::GetSizePrefixedModel(parts.head.data());
  if (packed_model.subgraphs()->size() == 0 || !is_worth_mutating(packed_model)) return false;
  ModelT model;
  packed_model.UnPackTo(&model);
  SubgraphT& graph = *model.subgraphs[random() % model.subgraphs.size()];
  for (auto count = 1 + random() % 4; count > 0; --count) changes[random() % std::size(changes)](model, graph, random);
  if (random() % 16 == 0) change_length(parts.weights, random);
  if (random() % 8 != 0) repair_pool(graph);
  if (random() % 8 != 0) repair_ports(model, graph);
  file = assembled(model, parts, random);
  seal(file.data(), file.size());
  return true;
}

bool mutate_words(std::vector<unsigned char>& file, Random& random) {
  const auto size = blob::head_size(file.data(), file.size());
  if (!size || *size > file.size() || *size < 8) return false;
  const uint32_t words = static_cast<uint32_t>(*size / 4);
  for (auto count = 1 + random() % 4; count > 0; --count) {
    unsigned char* const place = file.data() + 4 * (random() % words);
    uint32_t word;
    std::memcpy(&word, place, sizeof word);
    word = number(random, word, words);
    std::memcpy(place, &word, random() % 4 == 0 ? 2 : sizeof word);
  }
  seal(file.data(), file.size());
  return true;
}

}  // namespace passerelle::blob_test
