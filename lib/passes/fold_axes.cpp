#include "fold_axes.h"

#include <algorithm>

#include "layout/axis_rules.h"

namespace passerelle::passes {
namespace {

/// Neighbouring dimensions first .. last (inclusive) that are treated as one.
struct Run {
  size_t first;
  size_t last;
  bool involved;  // the operation does something along it
};

class AxisFolder {
 public:
  AxisFolder(Editor& editor, const Operation& operation)
      : editor_(editor),
        graph_(editor.graph()),
        operation_(operation),
        rule_(axis_rule(graph_, operation)),
        inputs_(permutable_inputs(operation)),
        rank_(graph_.shape(inputs_.front()).size()) {}

  bool fold() {
    std::vector<bool> involved = involved_dimensions(graph_, operation_);
    std::vector<Run> runs = joined(involved);
    if (runs.size() <= highest_rank) {
      finish(apply(inputs_, runs));
      return true;
    }
    // One axis at a time: what lies before it, the axis, what lies behind. Concatenation and its like have one anyway.
    if (rule_ == AxisRule::axis || inputs_.size() != 1 || operation_.outputs.size() != 1) return false;
    OperandId value = inputs_.front();
    for (size_t axis = 0; axis < rank_; ++axis) {
      if (!involved[axis]) continue;
      std::vector<bool> single(rank_, false);
      single[axis] = true;
      value = apply({value}, joined(single)).front();
    }
    finish({value});
    return true;
  }

 private:
  std::vector<Run> joined(const std::vector<bool>& involved) const {
    std::vector<Run> runs;
    for (size_t i = 0; i < involved.size(); ++i) {
      // Reductions and reversals over neighbours are one over both; rows of slices and paddings are not.
      bool joins = !runs.empty() && runs.back().involved == involved[i] && (!involved[i] || rule_ == AxisRule::axes);
      if (joins)
        runs.back().last = i;
      else
        runs.push_back({i, i, involved[i]});
    }
    return runs;
  }

  static Shape folded(const Shape& shape, const std::vector<Run>& runs) {
    Shape result;
    for (const Run& run : runs) {
      uint32_t size = 1;
      for (size_t i = run.first; i <= run.last; ++i) size *= shape[i];
      result.push_back(size);
    }
    return result;
  }

  /// The operation on `values`, along the involved runs alone; results have the full rank, reduced dimensions of
  /// size 1.
  std::vector<OperandId> apply(const std::vector<OperandId>& values, const std::vector<Run>& runs) {
    Operation low = operation_;
    std::vector<Shape> shapes;
    for (OperandId id : values) shapes.push_back(graph_.shape(id));
    replace_inputs(low, values, runs);
    name_axes(low, runs, shapes.front());
    std::vector<OperandId> made;
    low.outputs.clear();
    std::vector<Shape> full;
    for (OperandId output : operation_.outputs) {
      full.push_back(result_shape(output, runs, shapes.front()));
      TensorType type = graph_.type(output);
      type.shape = low_shape(full.back(), runs);
      low.outputs.push_back(graph_.add_operand(std::move(type)));
    }
    made = low.outputs;
    editor_.keep(std::move(low));
    for (size_t i = 0; i < made.size(); ++i) made[i] = editor_.reshape(made[i], full[i]);
    return made;
  }

  void replace_inputs(Operation& low, const std::vector<OperandId>& values, const std::vector<Run>& runs) {
    size_t next = 0;
    low.for_each_input([&](OperandId& id) {
      if (next >= values.size() || id != inputs_[next]) return;
      OperandId value = values[next++];
      Shape shape = folded(graph_.shape(value), runs);
      id = graph_.is_constant(value)
               ? graph_.add_constant(graph_[value].constant->reshaped(shape), graph_.type(value).quantization)
               : editor_.reshape(value, shape);
    });
  }

  /// ARGMAX and ARGMIN always drop their axis.
  Shape low_shape(const Shape& full, const std::vector<Run>& runs) const {
    Shape shape = folded(full, runs);
    if (!operation_.is(Op::ARGMAX) && !operation_.is(Op::ARGMIN)) return shape;
    auto axis = std::find_if(runs.begin(), runs.end(), [](const Run& run) { return run.involved; });
    shape.erase(shape.begin() + (axis - runs.begin()));
    return shape;
  }

  /// The operation's own result along the involved runs, its operand's size elsewhere.
  Shape result_shape(OperandId output, const std::vector<Run>& runs, const Shape& input) const {
    Shape kept = kept_shape(output);
    Shape shape = input;
    for (const Run& run : runs)
      for (size_t i = run.first; run.involved && i <= run.last; ++i) shape[i] = kept[i];
    return shape;
  }

  /// The shape of a result with the dimensions that a reduction drops as 1.
  Shape kept_shape(OperandId output) const {
    std::vector<uint32_t> surviving = surviving_axes(graph_, operation_);
    Shape shape(rank_, 1);
    for (size_t i = 0; i < surviving.size(); ++i) shape[surviving[i]] = graph_.shape(output)[i];
    return shape;
  }

  void name_axes(Operation& low, const std::vector<Run>& runs, const Shape& input) {
    std::vector<int32_t> involved;
    for (size_t i = 0; i < runs.size(); ++i)
      if (runs[i].involved) involved.push_back(static_cast<int32_t>(i));
    for (std::string_view name : axis_arguments(*operation_.type)) {
      switch (rule_) {
        case AxisRule::axis: low.argument(name) = involved.front(); break;
        case AxisRule::axes: low.argument(name) = editor_.list(involved); break;
        default: low.argument(name) = folded_rows(name, runs, input); break;
      }
    }
    keep_dimensions(low);
  }

  OperandId folded_rows(std::string_view name, const std::vector<Run>& runs, const Shape& input) {
    std::vector<int32_t> rows = *constant_list(graph_, operation_.operand(name));
    size_t width = rows.size() / rank_;
    Shape sizes = folded(input, runs);
    std::vector<int32_t> result;
    for (size_t i = 0; i < runs.size(); ++i) {
      auto row = rows.begin() + static_cast<std::ptrdiff_t>(runs[i].first * width);
      if (runs[i].involved)
        result.insert(result.end(), row, row + static_cast<std::ptrdiff_t>(width));
      else
        result.insert(result.end(), width, neutral_row(name, sizes[i]));
    }
    Shape shape = graph_.shape(operation_.operand(name));
    shape[0] = static_cast<uint32_t>(runs.size());
    return graph_.add_constant(Constant::from(std::move(result), std::move(shape)));
  }

  void finish(const std::vector<OperandId>& values) {
    for (size_t i = 0; i < values.size(); ++i)
      editor_.replace(operation_.outputs[i], editor_.reshape(values[i], graph_.shape(operation_.outputs[i])));
  }

  Editor& editor_;
  Graph& graph_;
  const Operation& operation_;
  AxisRule rule_;
  std::vector<OperandId> inputs_;
  size_t rank_;
};

}  // namespace

bool fold_axes(Editor& editor, const Operation& operation) {
  AxisRule rule = axis_rule(editor.graph(), operation);
  if (rule == AxisRule::rigid || rule == AxisRule::elementwise) return false;
  return AxisFolder(editor, operation).fold();
}

}  // namespace passerelle::passes
