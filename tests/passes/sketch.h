// Small graphs written by hand, for tests of single rewrites.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "passerelle/graph/graph.h"

namespace passerelle::tests {

using graph::OperandId;
using graph::Shape;
using Op = graph::OperationType;

class Sketch {
 public:
  explicit Sketch(uint32_t seed) : random_(seed) {}

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  uint32_t between(uint32_t low, uint32_t high) { return low + below(high - low + 1); }
  bool coin() { return below(2) == 1; }
  /// Of this rank, each size from 1 to `largest`.
  Shape shape(size_t rank, uint32_t largest = 6);

  OperandId input(Shape shape);
  /// Small ones, 0 or more.
  OperandId integer_input(Shape shape);
  /// Random numbers from a range.
  OperandId constant(Shape shape, float low = -1, float high = 1);
  OperandId scalar(float value);
  OperandId list(const std::vector<int32_t>& values);
  OperandId rows(const std::vector<int32_t>& values, uint32_t width);
  OperandId emit(Op type, graph::NamedArguments arguments, Shape output);
  OperandId emit_integers(Op type, graph::NamedArguments arguments, Shape output);
  OperandId unary(Op type, OperandId input) { return emit(type, {{"input", input}}, graph().shape(input)); }
  /// `b` broadcasts to `a`.
  OperandId binary(Op type, OperandId a, OperandId b) {
    return emit(type, {{"input1", a}, {"input2", b}}, graph().shape(a));
  }
  void output(OperandId id);

  const Shape& shape_of(OperandId id) const { return module_.main().shape(id); }
  graph::Operation& last() { return graph().operations.back(); }
  graph::Graph& graph() { return module_.main(); }
  graph::Module& module() { return module_; }

 private:
  std::mt19937 random_;
  graph::Module module_;
};

}  // namespace passerelle::tests
