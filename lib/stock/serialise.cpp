#include <cstring>
#include <map>
#include <optional>

#include "format.h"
#include "passerelle/stock/model.h"
#include "passerelle/support/check.h"

namespace passerelle::stock {
namespace {

using graph::Argument;
using graph::OperandId;
using nnapi::OperandType;

constexpr size_t longest_immediate = 128;  // NNAPI copies what is no longer
constexpr size_t alignment = 64;
constexpr size_t buffer_limit = size_t{1} << 30;
constexpr size_t largest_constant = (size_t{1} << 31) - 1;  // PyTorch keeps a buffer's size in an int32

template <typename T>
int32_t bits_of(T value) {
  static_assert(sizeof value == sizeof(int32_t));
  int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

void append_bytes(std::vector<int32_t>& words, const unsigned char* bytes, size_t size) {
  const size_t first = words.size();
  words.resize(first + padded(size) / sizeof(int32_t));
  std::memcpy(words.data() + first, bytes, size);
}

/// The arrays, which stand one behind the other in the end.
class Writer {
 public:
  explicit Writer(const graph::Graph& graph) : graph_(graph), numbers_(graph.operands.size()) {}

  Model model() {
    std::vector<int32_t> inputs, outputs;
    for (OperandId id : graph_.inputs) inputs.push_back(operand(id));
    for (const graph::Operation& operation : graph_.operations) add(operation);
    for (OperandId id : graph_.outputs) outputs.push_back(operand(id));
    Model result;
    result.words = {format_version,
                    operand_count_,
                    value_count_,
                    operation_count_,
                    static_cast<int32_t>(inputs.size()),
                    static_cast<int32_t>(outputs.size())};
    for (const auto* array :
         {&operands_, &values_, &operations_, &dimensions_, &value_data_, &arguments_, &inputs, &outputs})
      result.words.insert(result.words.end(), array->begin(), array->end());
    result.buffers = std::move(buffers_);
    return result;
  }

 private:
  void add(const graph::Operation& operation) {
    const size_t first = arguments_.size();
    for (const Argument& argument : operation.arguments) add(argument);
    const size_t input_count = arguments_.size() - first;
    for (OperandId id : operation.outputs) arguments_.push_back(operand(id));
    ++operation_count_;
    operations_.insert(operations_.end(), {static_cast<int32_t>(*operation.type), static_cast<int32_t>(input_count),
                                           static_cast<int32_t>(operation.outputs.size())});
  }

  void add(const Argument& argument) {
    if (const auto* id = std::get_if<OperandId>(&argument)) return arguments_.push_back(operand(*id));
    if (const auto* ids = std::get_if<std::vector<OperandId>>(&argument)) {
      for (OperandId each : *ids) arguments_.push_back(operand(each));
      return;
    }
    if (const auto* integer = std::get_if<int32_t>(&argument))
      return arguments_.push_back(scalar(OperandType::INT32, *integer));
    if (const auto* real = std::get_if<float>(&argument))
      return arguments_.push_back(scalar(OperandType::FLOAT32, bits_of(*real)));
    const auto* truth = std::get_if<bool>(&argument);
    check(truth != nullptr, "no operand is left out of what PyTorch's NNAPI class is to read");
    arguments_.push_back(scalar(OperandType::BOOL, *truth ? 1 : 0));
  }

  int32_t operand(OperandId id) {
    std::optional<int32_t>& number = numbers_[graph::index(id)];
    if (number) return *number;
    const graph::Operand& from = graph_[id];
    number = add_operand(from.type.type, from.type.quantization.scale, from.type.quantization.zero_point);
    for (uint32_t size : from.type.shape) dimensions_.push_back(static_cast<int32_t>(size));
    operands_[operands_.size() - operand_words + 1] = static_cast<int32_t>(from.type.shape.size());
    if (from.constant) add_value(*number, *from.constant);
    return *number;
  }

  int32_t add_operand(OperandType type, float scale, int32_t zero_point) {
    operands_.insert(operands_.end(), {static_cast<int32_t>(type), 0, bits_of(scale), zero_point});
    return operand_count_++;
  }

  int32_t scalar(OperandType type, int32_t bits) {
    const auto [known, is_new] = scalars_.emplace(std::pair{type, bits}, operand_count_);
    if (!is_new) return known->second;
    add_operand(type, 0, 0);
    const auto size = static_cast<int32_t>(nnapi::element_size(type));
    values_.insert(values_.end(), {known->second, immediate, size});
    ++value_count_;
    value_data_.push_back(bits);
    return known->second;
  }

  void add_value(int32_t number, const graph::Constant& constant) {
    const size_t size = constant.byte_size();
    ++value_count_;
    if (size <= longest_immediate) {
      std::vector<unsigned char> bytes(size);
      constant.copy_to(bytes.data());
      values_.insert(values_.end(), {number, immediate, static_cast<int32_t>(size)});
      return append_bytes(value_data_, bytes.data(), size);
    }
    check(size <= largest_constant, "a constant has a size that PyTorch's NNAPI class can count");
    if (buffers_.empty() || buffers_.back().size() + alignment + size > buffer_limit) buffers_.emplace_back();
    std::vector<unsigned char>& buffer = buffers_.back();
    const size_t offset = (buffer.size() + alignment - 1) / alignment * alignment;
    buffer.resize(offset + size);
    constant.copy_to(buffer.data() + offset);
    values_.insert(values_.end(), {number, numbered_buffer, place_words * 4});
    value_data_.insert(value_data_.end(), {static_cast<int32_t>(buffers_.size() - 1), static_cast<int32_t>(offset),
                                           static_cast<int32_t>(size)});
  }

  const graph::Graph& graph_;
  std::vector<std::optional<int32_t>> numbers_;  // by operand
  std::map<std::pair<OperandType, int32_t>, int32_t> scalars_;
  int32_t operand_count_ = 0, value_count_ = 0, operation_count_ = 0;
  std::vector<int32_t> operands_, values_, operations_, dimensions_, value_data_, arguments_;
  std::vector<std::vector<unsigned char>> buffers_;
};

graph::Diagnostic refusal(const graph::Module& module, const graph::Operation& operation, const std::string& what) {
  graph::Diagnostic diagnostic;
  diagnostic.origin = module.origins[operation.origin];
  if (diagnostic.origin.node) diagnostic.nodes = {*diagnostic.origin.node};
  diagnostic.op = diagnostic.origin.op;
  diagnostic.reason = graph::Reason::argument;
  diagnostic.message = "it becomes " + std::string(nnapi::name(*operation.type)) + " with " + what +
                       ", which PyTorch's own NNAPI class can't carry";
  return diagnostic;
}

}  // namespace

std::vector<graph::Diagnostic> obstacles(const graph::Module& module) {
  const graph::Graph& graph = module.main();
  std::vector<graph::Diagnostic> found;
  for (const graph::Operation& operation : graph.operations) {
    bool left_out = false, refers = false, per_channel = false, too_large = false;
    for (const Argument& argument : operation.arguments) {
      left_out = left_out || std::holds_alternative<std::monostate>(argument);
      refers = refers || std::holds_alternative<graph::GraphId>(argument);
    }
    for (OperandId id : operation.inputs()) {
      per_channel = per_channel || !graph.type(id).quantization.channel_scales.empty();
      too_large = too_large || (graph.is_constant(id) && graph[id].constant->byte_size() > largest_constant);
    }
    if (per_channel) found.push_back(refusal(module, operation, "weights quantized per channel"));
    if (left_out) found.push_back(refusal(module, operation, "a tensor left out"));
    if (refers) found.push_back(refusal(module, operation, "a model inside of the model"));
    if (too_large) found.push_back(refusal(module, operation, "a constant of 2 GiB or more"));
  }
  return found;
}

Model serialise(const graph::Module& module) { return Writer(module.main()).model(); }

}  // namespace passerelle::stock
