#include <map>

#include "file_facts.h"
#include "passerelle/report/file_report.h"

namespace passerelle::report {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result + '"';
}

}  // namespace

std::string file_dot(const std::string& name, const blob::View& view) {
  std::string result = "digraph " + quoted(name) + " {\n  node [shape=box, fontname=\"sans-serif\"];\n";
  std::map<uint32_t, std::string> makers;  // of operands: nodes' names
  for (uint32_t i = 0; i < view.input_count(); ++i) {
    std::string node = "input" + std::to_string(i);
    result += "  " + node + " [shape=ellipse, label=" + quoted(view.input(i).name) + "];\n";
    makers[view.input(i).operand] = node;
  }
  auto edge = [&](uint32_t operand, const std::string& to) {
    auto maker = makers.find(operand);
    if (maker == makers.end()) return;  // a constant
    result +=
        "  " + maker->second + " -> " + to + " [label=" + quoted(shape_text(view.operand(operand).dimensions)) + "];\n";
  };
  for (uint32_t i = 0; i < view.operation_count(); ++i) {
    blob::Operation operation = view.operation(i);
    std::string node = "operation" + std::to_string(i);
    result += "  " + node + " [label=" + quoted(operation.name) + "];\n";
    for (uint32_t k = 0; k < operation.inputs.size(); ++k) edge(operation.inputs[k], node);
    for (uint32_t k = 0; k < operation.outputs.size(); ++k) makers[operation.outputs[k]] = node;
  }
  for (uint32_t i = 0; i < view.output_count(); ++i) {
    std::string node = "output" + std::to_string(i);
    result += "  " + node + " [shape=ellipse, label=" + quoted(view.output(i).name) + "];\n";
    edge(view.output(i).operand, node);
  }
  return result + "}\n";
}

}  // namespace passerelle::report
