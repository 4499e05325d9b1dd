#include "passerelle/trace/multiply_adds.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace passerelle::trace {
namespace {

using Sizes = std::vector<int64_t>;

uint64_t elements(const Sizes& sizes) {
  uint64_t result = 1;
  for (int64_t size : sizes) result *= static_cast<uint64_t>(size);
  return result;
}

/// A node with its arguments' shapes by name; the shape of what is missing is empty.
class Operator {
 public:
  Operator(const Trace& trace, const Node& node) : trace_(trace), node_(node) {}

  const Value* value(std::string_view name) const {
    for (const auto& [argument, value] : node_.arguments)
      if (argument == name) return &value;
    return nullptr;
  }
  const Sizes& sizes(const Value* value) const {
    static const Sizes none;
    if (value == nullptr) return none;
    if (const TensorId* id = value->tensor()) return trace_[*id].shape;
    const std::vector<Value>* list = value->list();  // packed parameters begin with the weight; lists of results
    return list == nullptr || list->empty() ? none : sizes(&list->front());
  }
  const Sizes& sizes(std::string_view name) const { return sizes(value(name)); }
  const Sizes& first() const { return node_.arguments.empty() ? sizes(nullptr) : sizes(&node_.arguments[0].second); }
  const Sizes& second() const {
    return node_.arguments.size() < 2 ? sizes(nullptr) : sizes(&node_.arguments[1].second);
  }
  const Sizes& result() const { return node_.results.empty() ? sizes(nullptr) : sizes(&node_.results[0]); }
  const Trace& trace() const { return trace_; }

 private:
  const Trace& trace_;
  const Node& node_;
};

/// Each element of the result is the sum over one filter; of a transposed convolution each element of the input is
/// spread by one.
uint64_t convolution(const Operator& op) {
  const Sizes& weight = op.second();
  if (weight.empty() || weight[0] == 0) return 0;
  const Value* transposed = op.value("transposed");
  const bool spreads =
      transposed != nullptr && std::holds_alternative<bool>(transposed->data) && std::get<bool>(transposed->data);
  return elements(spreads ? op.first() : op.result()) * (elements(weight) / static_cast<uint64_t>(weight[0]));
}
uint64_t transposed_convolution(const Operator& op) {
  const Sizes& weight = op.second();
  if (weight.empty() || weight[0] == 0) return 0;
  return elements(op.first()) * (elements(weight) / static_cast<uint64_t>(weight[0]));
}

uint64_t sum_over(const Operator& op, const Sizes& left) {
  return left.empty() ? 0 : elements(op.result()) * static_cast<uint64_t>(left.back());
}
uint64_t product(const Operator& op) { return sum_over(op, op.first()); }
uint64_t added_product(const Operator& op) { return sum_over(op, op.second()); }  // self + mat1 @ mat2

/// As many as the letters' sizes multiplied: what one loop over all indices takes.
uint64_t einsum(const Operator& op) {
  const Value* equation = op.value("equation");
  const Value* tensors = op.value("tensors");
  if (equation == nullptr || tensors == nullptr || tensors->list() == nullptr || tensors->list()->size() < 2) return 0;
  const auto* text = std::get_if<std::string>(&equation->data);
  if (text == nullptr || text->find('.') != std::string::npos) return elements(op.result());
  std::map<char, int64_t> sizes;
  size_t operand = 0, dimension = 0;
  for (char letter : text->substr(0, text->find('-'))) {
    if (letter == ' ') continue;
    if (letter == ',') {
      ++operand;
      dimension = 0;
      continue;
    }
    if (operand >= tensors->list()->size()) return 0;
    const Sizes& shape = op.sizes(&(*tensors->list())[operand]);
    if (dimension < shape.size()) sizes[letter] = std::max(sizes[letter], shape[dimension++]);
  }
  uint64_t result = 1;
  for (const auto& [letter, size] : sizes) result *= static_cast<uint64_t>(size);
  return result;
}

/// Each step of each sequence is multiplied with all weights once.
uint64_t recurrent(const Operator& op) {
  const Sizes& input = op.sizes("input");
  const Value* weights = op.value("params");
  if (input.size() < 2 || weights == nullptr || weights->list() == nullptr) return 0;
  uint64_t each = 0;
  for (const Value& weight : *weights->list())
    if (op.sizes(&weight).size() == 2) each += elements(op.sizes(&weight));
  return elements(input) / static_cast<uint64_t>(std::max<int64_t>(input.back(), 1)) * each;
}
uint64_t recurrent_cell(const Operator& op) {
  const Sizes& input = op.sizes("input");
  const uint64_t batch = input.size() > 1 ? static_cast<uint64_t>(input[0]) : 1;
  return batch * (elements(op.sizes("w_ih")) + elements(op.sizes("w_hh")));
}

/// Queries by keys, and what comes of it by values.
uint64_t attention(const Operator& op) {
  const Sizes &query = op.sizes("query"), &key = op.sizes("key"), &value = op.sizes("value");
  if (query.size() < 2 || key.size() < 2 || value.empty()) return 0;
  const uint64_t steps = static_cast<uint64_t>(key[key.size() - 2]);
  return elements(query) * steps + elements(op.result()) * steps;
}

using Cost = uint64_t (*)(const Operator&);
const std::map<std::string_view, Cost>& costs() {
  static const std::map<std::string_view, Cost> table = {
      {"aten::conv1d", convolution},
      {"aten::conv2d", convolution},
      {"aten::conv3d", convolution},
      {"aten::convolution", convolution},
      {"aten::_convolution", convolution},
      {"aten::_convolution_mode", convolution},
      {"torchvision::deform_conv2d", convolution},
      {"quantized::conv1d", convolution},
      {"quantized::conv1d_relu", convolution},
      {"quantized::conv2d", convolution},
      {"quantized::conv2d_relu", convolution},
      {"quantized::conv3d", convolution},
      {"quantized::conv3d_relu", convolution},
      {"aten::conv_transpose1d", transposed_convolution},
      {"aten::conv_transpose2d", transposed_convolution},
      {"aten::conv_transpose3d", transposed_convolution},
      {"quantized::conv_transpose1d", transposed_convolution},
      {"quantized::conv_transpose2d", transposed_convolution},
      {"quantized::conv_transpose3d", transposed_convolution},
      {"aten::linear", product},
      {"aten::matmul", product},
      {"aten::mm", product},
      {"aten::bmm", product},
      {"aten::mv", product},
      {"aten::dot", product},
      {"quantized::linear", product},
      {"quantized::linear_relu", product},
      {"quantized::linear_dynamic", product},
      {"aten::addmm", added_product},
      {"aten::addmv", added_product},
      {"aten::baddbmm", added_product},
      {"aten::einsum", einsum},
      {"aten::lstm", recurrent},
      {"aten::gru", recurrent},
      {"aten::rnn_tanh", recurrent},
      {"aten::rnn_relu", recurrent},
      {"aten::lstm_cell", recurrent_cell},
      {"aten::gru_cell", recurrent_cell},
      {"aten::rnn_tanh_cell", recurrent_cell},
      {"aten::rnn_relu_cell", recurrent_cell},
      {"aten::scaled_dot_product_attention", attention},
  };
  return table;
}

/// Of a branch the larger, of a loop one iteration.
uint64_t of_regions(const Trace& trace, const Node& node) {
  uint64_t most = 0;
  for (const trace::Region& region : node.regions) {
    uint64_t sum = 0;
    for (const Node& inner : region.nodes) sum += multiply_adds(trace, inner);
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace

uint64_t multiply_adds(const Trace& trace, const Node& node) {
  if (!node.regions.empty()) return of_regions(trace, node);
  const auto row = costs().find(node.op);
  return row == costs().end() ? 0 : row->second(Operator(trace, node));
}

}  // namespace passerelle::trace
