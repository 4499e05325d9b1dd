#include "passerelle/report/picture.h"

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

const char* attributes(PictureNode::Look look) {
  switch (look) {
    case PictureNode::Look::plain: return "";
    case PictureNode::Look::port: return ", shape=ellipse";
    case PictureNode::Look::unsupported: return ", style=filled, fillcolor=\"#ffd9d6\", color=\"#b3261e\", penwidth=2";
    case PictureNode::Look::overhead: return ", style=filled, fillcolor=\"#fff1c9\"";
  }
  return "";
}

}  // namespace

std::string dot(const std::string& name, const Picture& picture) {
  std::string result = "digraph " + quoted(name) + " {\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (size_t i = 0; i < picture.nodes.size(); ++i) {
    const PictureNode& node = picture.nodes[i];
    result += "  node" + std::to_string(i) + " [label=" + quoted(node.label) + attributes(node.look);
    if (!node.place.empty() || !node.module.empty())
      result +=
          ", tooltip=" + quoted(node.module + (node.module.empty() || node.place.empty() ? "" : " ") + node.place);
    result += "];\n";
  }
  for (const PictureEdge& edge : picture.edges)
    result += "  node" + std::to_string(edge.from) + " -> node" + std::to_string(edge.to) +
              " [label=" + quoted(edge.label) + "];\n";
  return result + "}\n";
}

}  // namespace passerelle::report
