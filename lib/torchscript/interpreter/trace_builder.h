// The trace while it is being written.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "passerelle/torchscript/vocabulary.h"

namespace passerelle::torchscript {

class TraceBuilder {
 public:
  /// A tensor like this one, whose values depend on data.
  TensorId add_tensor(const at::Tensor& like);
  TensorId add_tensor(Tensor description);
  /// The constant is a view of the tensor's storage: see `detach_constant` before that is written to.
  TensorId add_constant(const at::Tensor& tensor, Dependence dependence);
  /// Gives the constant bytes of its own.
  void detach_constant(TensorId id, const at::Tensor& its_values);

  void add_node(Node node) {
    ++node_count_;
    (open_.empty() ? trace_.nodes : open_.back()).push_back(std::move(node));
  }
  size_t node_count() const { return node_count_; }  ///< those of regions among them
  /// Nodes belong to a region from here on, until it ends.
  void begin_region() { open_.emplace_back(); }
  std::vector<Node> end_region();
  uint32_t add_origin(const graph::Origin& origin);
  /// Each (place, operator, reason) once: loops would repeat them.
  void add_diagnostic(graph::Diagnostic diagnostic);
  bool has_diagnostics() const { return !trace_.diagnostics.empty(); }
  size_t diagnostic_count() const { return trace_.diagnostics.size(); }
  /// As if those after the first `count` had never been found.
  void forget_diagnostics(size_t count);
  void add_note(graph::Diagnostic note) { trace_.notes.push_back(std::move(note)); }

  void add_input(Port port) { trace_.inputs.push_back(std::move(port)); }
  void add_output(Port port) { trace_.outputs.push_back(std::move(port)); }

  const Tensor& operator[](TensorId id) const { return trace_[id]; }

  /// The trace without nodes whose results nobody reads and without tensors that nobody names.
  Trace finish();

 private:
  void drop_dead_nodes(std::vector<Node>& nodes, std::vector<bool>& read) const;
  void drop_unused_tensors();
  void name_diagnosed_nodes();

  using OriginKey = std::tuple<std::string, std::string, std::string, int, std::string, int>;
  static OriginKey key(const graph::Origin& origin);

  Trace trace_;
  size_t node_count_ = 0;
  std::vector<std::vector<Node>> open_;  // the nodes of regions that have not ended
  std::map<OriginKey, uint32_t> origins_;
  std::set<std::pair<OriginKey, graph::Reason>> diagnosed_;
};

}  // namespace passerelle::torchscript
