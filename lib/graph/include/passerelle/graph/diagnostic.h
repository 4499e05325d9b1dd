// Where something comes from in the user's program, and what to tell about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace passerelle::graph {

/// An operator of the model: index into trace::Trace::nodes, and passerelle::trace's name for it too.
enum class NodeId : uint32_t {};
inline uint32_t index(NodeId id) { return static_cast<uint32_t>(id); }

struct SourceLocation {
  std::string file;  ///< empty where the archive names none
  int line = 0;      ///< 1-based; 0 where unknown
};

/// The place of an operator in the user's model. An operation keeps the origin of what it was made from.
struct Origin {
  std::string op;           ///< "aten::conv2d"
  std::string module_path;  ///< "features.3.conv.1"; empty for the model itself
  SourceLocation user;  ///< the innermost frame outside of PyTorch's own Python files, or else the archive's own code
  SourceLocation innermost;      ///< the innermost frame of all
  std::optional<NodeId> node{};  ///< of an operation of a graph; none where it was made at the model's border
};

/// Typed, so that a report can group them and a script can tell them apart.
enum class Reason {
  unknown_operator,     ///< this LibTorch does not know it, or it is not on the allow-list
  no_counterpart,       ///< NNAPI has no way to say it, or no lowering exists
  needs_feature_level,  ///< would work from Diagnostic::feature_level on
  rank,                 ///< over 4, and could not be folded
  dynamic_shape,        ///< a shape or size depends on the data
  data_dependent_control_flow,
  element_type,
  argument,  ///< a combination of arguments that has no counterpart
  quantization,
  in_place_write,  ///< a write through a view that has no functional form
  nondeterministic,
  too_large,  ///< a budget, or a limit of NNAPI or of the file format
  state,      ///< the module changes its own attributes
};
const char* name(Reason reason);  ///< "needs-feature-level", ...

/// One thing that cannot be converted.
struct Diagnostic {
  Reason reason = Reason::no_counterpart;
  std::string op;          ///< "aten::conv2d", or the NNAPI operation where none is known
  std::string message;     ///< why, one sentence without a full stop
  std::string suggestion;  ///< what to do instead; may be empty
  int feature_level = 0;   ///< from which it would work; 0 for never
  Origin origin;
  /// The operators that it is about: several where a loop runs one line again, none where no operator could be run.
  std::vector<NodeId> nodes{};
};

}  // namespace passerelle::graph
