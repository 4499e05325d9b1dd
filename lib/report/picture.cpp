#include "passerelle/report/picture.h"

#include <map>

#include "file/facts.h"
#include "model/trace_facts.h"
#include "passerelle/report/findings.h"

namespace passerelle::report {
namespace {

using Look = PictureNode::Look;

/// Adds nodes, and an edge from the maker of each value that is read; constants have no maker.
class Drawing {
 public:
  uint32_t add(PictureNode node) {
    picture.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(picture.nodes.size() - 1);
  }
  void read(uint32_t value, uint32_t reader, const std::string& label) {
    const auto maker = makers_.find(value);
    if (maker != makers_.end()) picture.edges.push_back({maker->second, reader, label});
  }
  void make(uint32_t value, uint32_t maker) { makers_[value] = maker; }

  Picture picture;

 private:
  std::map<uint32_t, uint32_t> makers_;
};

}  // namespace

Picture picture_of(const trace::Trace& trace, const std::vector<bool>& unsupported) {
  Drawing drawing;
  const auto number = [](trace::TensorId id) { return static_cast<uint32_t>(id); };
  const auto shape = [&](trace::TensorId id) { return shape_text(trace[id].shape); };
  for (const trace::Port& port : trace.inputs)
    drawing.make(number(port.tensor), drawing.add({port.name, shape(port.tensor), "", "", Look::port}));
  for (size_t i = 0; i < trace.nodes.size(); ++i) {
    const trace::Node& node = trace.nodes[i];
    const std::vector<trace::TensorId> results = result_tensors(node);
    PictureNode drawn{node.op, results.empty() ? "" : shape(results.front()), "", "", Look::plain};
    if (node.origin < trace.origins.size()) {
      drawn.module = trace.origins[node.origin].module_path;
      drawn.place = location_text(trace.origins[node.origin]);
    }
    if (i < unsupported.size() && unsupported[i]) drawn.look = Look::unsupported;
    const uint32_t added = drawing.add(std::move(drawn));
    for (trace::TensorId id : argument_tensors(node)) drawing.read(number(id), added, shape(id));
    for (trace::TensorId id : results) drawing.make(number(id), added);
  }
  for (const trace::Port& port : trace.outputs)
    drawing.read(number(port.tensor), drawing.add({port.name, shape(port.tensor), "", "", Look::port}),
                 shape(port.tensor));
  return std::move(drawing.picture);
}

Picture picture_of(const blob::View& view) {
  Drawing drawing;
  const auto shape = [&](uint32_t operand) { return shape_text(view.operand(operand).dimensions); };
  const auto port = [&](const blob::Port& port) {
    return drawing.add({port.name, shape(port.operand), "", "", Look::port});
  };
  for (uint32_t i = 0; i < view.input_count(); ++i) drawing.make(view.input(i).operand, port(view.input(i)));
  for (uint32_t i = 0; i < view.operation_count(); ++i) {
    const blob::Operation operation = view.operation(i);
    const graph::Origin origin = origin_of(view.subgraph(0), i);
    PictureNode drawn{operation.name, operation.outputs.size() == 0 ? "" : shape(operation.outputs[0]),
                      origin.module_path, location_text(origin), Look::plain};
    if (is_overhead(operation.type)) drawn.look = Look::overhead;
    const uint32_t added = drawing.add(std::move(drawn));
    for (uint32_t k = 0; k < operation.inputs.size(); ++k)
      drawing.read(operation.inputs[k], added, shape(operation.inputs[k]));
    for (uint32_t k = 0; k < operation.outputs.size(); ++k) drawing.make(operation.outputs[k], added);
  }
  for (uint32_t i = 0; i < view.output_count(); ++i) {
    const uint32_t operand = view.output(i).operand;
    drawing.read(operand, port(view.output(i)), shape(operand));
  }
  return std::move(drawing.picture);
}

}  // namespace passerelle::report
