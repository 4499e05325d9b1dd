#include "network.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace passerelle::tests {
namespace {

bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::string returned(const Network& network) {
  if (network.outputs.size() == 1) return network.outputs[0];
  std::string text;
  for (size_t i = 0; i < network.outputs.size(); ++i) {
    if (i > 0) text += ", ";
    if (network.form == Network::Form::dict) text += "'" + std::string(1, static_cast<char>('a' + i)) + "': ";
    text += network.outputs[i];
  }
  switch (network.form) {
    case Network::Form::list: return "[" + text + "]";
    case Network::Form::dict: return "{" + text + "}";
    case Network::Form::tuple: break;
  }
  return "(" + text + ")";
}

/// Every line but the first is indented by two spaces: what a Case wants.
std::string indented(const std::string& source) {
  std::string text;
  for (char c : source) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return text;
}

const char* type_name(ElementType type) {
  switch (type) {
    case ElementType::int32: return "ElementType::int32";
    case ElementType::int64: return "ElementType::int64";
    case ElementType::bool8: return "ElementType::bool8";
    default: return "ElementType::float32";
  }
}

std::string to_text(const Tensor& tensor) {
  std::string shape = list(tensor.shape);
  shape.front() = '{', shape.back() = '}';
  std::string text = "{\"" + tensor.name + "\", " + shape + ", " + python(tensor.low) + ", " + python(tensor.high);
  if (tensor.type != ElementType::float32) text += std::string(", ") + type_name(tensor.type);
  return text + "}";
}

std::string to_text(const std::vector<Tensor>& tensors) {
  std::string text;
  for (const Tensor& tensor : tensors) text += (text.empty() ? "" : ", ") + to_text(tensor);
  return "{" + text + "}";
}

}  // namespace

std::vector<std::string> names_in(const std::string& source) {
  std::vector<std::string> names;
  for (size_t at = 0; at < source.size();) {
    size_t end = at;
    while (end < source.size() && in_name(source[end])) ++end;
    const std::string name = source.substr(at, end - at);
    if (end > at && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    at = std::max(end, at + 1);
  }
  return names;
}

void remove_unused(Network& network) {
  std::set<std::string> used(network.outputs.begin(), network.outputs.end());
  std::vector<Statement> kept;
  for (auto statement = network.statements.rbegin(); statement != network.statements.rend(); ++statement) {
    const bool needed = std::any_of(statement->results.begin(), statement->results.end(),
                                    [&](const Tensor& result) { return used.count(result.name) != 0; });
    if (!needed) continue;
    for (std::string& name : names_in(statement->source)) used.insert(std::move(name));
    kept.push_back(*statement);
  }
  network.statements.assign(kept.rbegin(), kept.rend());
  for (std::vector<Tensor>* tensors : {&network.inputs, &network.attributes})
    tensors->erase(std::remove_if(tensors->begin(), tensors->end(),
                                  [&](const Tensor& tensor) { return used.count(tensor.name) == 0; }),
                   tensors->end());
}

void make_inputs_of(Network& network, size_t index) {
  for (Tensor input : network.statements[index].results) {
    if (input.type != ElementType::float32) input.high += 1;  // drawn values are rounded down
    network.inputs.push_back(std::move(input));
  }
  network.statements.erase(network.statements.begin() + static_cast<std::ptrdiff_t>(index));
}

Network alone(const Network& network, size_t index) {
  Network single = network;
  single.outputs.clear();
  for (const Tensor& result : network.statements[index].results) single.outputs.push_back(result.name);
  for (size_t i = network.statements.size(); i-- > 0;)
    if (i != index) make_inputs_of(single, i);
  remove_unused(single);
  return single;
}

Case to_case(const Network& network) {
  std::string body;
  for (const Tensor& attribute : network.attributes) body += attribute.name + " = self." + attribute.name + "\n";
  for (const Statement& statement : network.statements) body += statement.source + "\n";
  return {indented(body + "return " + returned(network)), network.inputs, network.attributes};
}

std::string to_text(const Network& network) {
  const Case test = to_case(network);
  return "{R\"(" + test.body + ")\",\n " + to_text(test.inputs) + ",\n " + to_text(test.attributes) + "}\n";
}

}  // namespace passerelle::tests
