// A graph to be drawn: what --format dot and the page draw, of a trace or of a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/blob/view.h"
#include "passerelle/trace/trace.h"

namespace passerelle::report {

struct PictureNode {
  /// How it stands out: an input or output of the model, something that can't be converted, something that costs
  /// without computing (TRANSPOSE, CAST, ...).
  enum class Look { plain, port, unsupported, overhead };
  std::string label;   ///< "aten::conv2d", "CONV_2D", the name of an input
  std::string detail;  ///< the shape of its result
  std::string module;
  std::string place;  ///< "net.py:42"
  Look look = Look::plain;
};

struct PictureEdge {
  uint32_t from = 0, to = 0;  ///< indexes of nodes
  std::string label;          ///< the shape of what is handed on
};

/// Nodes stand in the order of execution: every edge leads forward.
struct Picture {
  std::vector<PictureNode> nodes;
  std::vector<PictureEdge> edges;
};

/// `unsupported`: a flag for each of the trace's nodes, or empty.
Picture picture_of(const trace::Trace& trace, const std::vector<bool>& unsupported = {});
Picture picture_of(const blob::View& view);

/// In Graphviz's language.
std::string dot(const std::string& name, const Picture& picture);

}  // namespace passerelle::report
