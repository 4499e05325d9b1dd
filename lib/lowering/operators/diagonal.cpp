// Diagonals taken and made, triangles kept, and tensors spread over a grid.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "passerelle/support/check.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

uint32_t count_of(Context& context, Value value) { return static_cast<uint32_t>(graph::element_count(value.shape())); }

// --- Diagonals.

/// The diagonal of the last two dimensions, as one.
Value diagonal_of_last(Context& context, Value x, int64_t offset) {
  Shape shape = x.shape();
  const uint32_t rows = shape[shape.size() - 2], columns = shape.back();
  std::vector<int32_t> places;
  for (int64_t row = std::max<int64_t>(0, -offset); row < rows && row + offset < columns; ++row)
    places.push_back(static_cast<int32_t>(row * columns + row + offset));
  if (places.empty()) context.refuse(Reason::argument, "it makes an empty tensor, which NNAPI does not compute with");
  const Value flat = reshaped(context, x, {count_of(context, x) / (rows * columns), rows * columns});
  shape.pop_back();
  shape.back() = static_cast<uint32_t>(places.size());
  return reshaped(context, gathered(context, flat, 1, places), shape);
}

/// The last dimension on a diagonal of two new ones, with zeros elsewhere.
Value embedded_last(Context& context, Value x, int64_t offset) {
  Shape shape = x.shape();
  const uint32_t length = shape.back(), size = length + static_cast<uint32_t>(std::abs(offset));
  std::vector<int32_t> places(size_t{size} * size, static_cast<int32_t>(length));  // there stands a zero
  for (uint32_t i = 0; i < length; ++i) {
    const size_t row = i + static_cast<size_t>(std::max<int64_t>(0, -offset));
    places[row * size + i + static_cast<size_t>(std::max<int64_t>(0, offset))] = static_cast<int32_t>(i);
  }
  const Value rows = reshaped(context, x, {count_of(context, x) / length, length});
  const Value picked = gathered(context, padded(context, rows, {{0, 0}, {0, 1}}, 0), 1, places);
  shape.back() = size;
  shape.push_back(size);
  return reshaped(context, picked, shape);
}

void lower_diagonal(Context& context) {
  const Value x = context.tensor("self");
  const size_t rank = x.rank();
  const uint32_t first = Context::dimension(context.integer(context.has("dim1") ? "dim1" : "axis1"), rank);
  const uint32_t second = Context::dimension(context.integer(context.has("dim2") ? "dim2" : "axis2"), rank);
  Permutation last;
  for (uint32_t i = 0; i < rank; ++i)
    if (i != first && i != second) last.push_back(i);
  last.insert(last.end(), {first, second});
  context.result(diagonal_of_last(context, transposed(context, x, last), context.integer("offset")));
}

void lower_diag(Context& context) {
  const Value x = context.tensor("self");
  const int64_t diagonal = context.integer("diagonal");
  context.result(context.info("self").shape.size() == 1 ? embedded_last(context, x, diagonal)
                                                        : diagonal_of_last(context, x, diagonal));
}

void lower_diag_embed(Context& context) {
  const Value embedded = embedded_last(context, context.tensor("self"), context.integer("offset"));
  const size_t rank = embedded.rank();
  const uint32_t first = Context::dimension(context.integer("dim1"), rank);
  const uint32_t second = Context::dimension(context.integer("dim2"), rank);
  Permutation order;
  for (uint32_t i = 0, next = 0; i < rank; ++i) {
    const auto row = static_cast<uint32_t>(rank - 2), column = static_cast<uint32_t>(rank - 1);
    order.push_back(i == first ? row : i == second ? column : next++);
  }
  context.result(transposed(context, embedded, order));
}

void lower_diagflat(Context& context) {
  const Value x = context.tensor("self");
  context.result(embedded_last(context, reshaped(context, x, {count_of(context, x)}), context.integer("offset")));
}

/// Tensors of rank 2 at most along a diagonal.
void lower_block_diag(Context& context) {
  Values blocks = context.tensors("tensors");
  int32_t columns = 0;
  for (Value& block : blocks) {
    block = cast(context, block, context.result_type().type);
    if (block.rank() == 1) block = reshaped(context, block, {1, block.shape()[0]});
    columns += static_cast<int32_t>(block.shape()[1]);
  }
  int32_t before = 0;
  for (Value& block : blocks) {
    const auto own = static_cast<int32_t>(block.shape()[1]);
    block = padded(context, block, {{0, 0}, {before, columns - before - own}}, 0);
    before += own;
  }
  context.result(concatenated(context, blocks, 0));
}

// --- Grids.

void lower_meshgrid(Context& context) {
  Values axes = context.tensors("tensors");
  const std::vector<trace::Tensor> infos = context.list_result_infos();
  const bool columns_first = !context.is_none("indexing") && context.string("indexing") == "xy";
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t dimension = columns_first && i < 2 && axes.size() > 1 ? 1 - i : i;
    const Shape grid = tensor_type(infos[i]).shape;
    Shape along(grid.size(), 1);
    along[dimension] = grid[dimension];
    axes[i] = broadcast(context, reshaped(context, axes[i], along), grid);
  }
  context.results(axes);
}

void lower_broadcast_tensors(Context& context) {
  Values values = context.tensors("tensors");
  const std::vector<trace::Tensor> infos = context.list_result_infos();
  for (size_t i = 0; i < values.size(); ++i) values[i] = broadcast(context, values[i], tensor_type(infos[i]).shape);
  context.results(values);
}

/// Every choice of one element of each tensor, a row each.
void lower_cartesian_prod(Context& context) {
  Values axes = context.tensors("tensors");
  if (axes.size() == 1) return context.result(axes.front());
  Shape grid;
  for (Value axis : axes) grid.push_back(axis.shape()[0]);
  Values columns;
  for (size_t i = 0; i < axes.size(); ++i) {
    Shape along(grid.size(), 1);
    along[i] = grid[i];
    const Value spread = broadcast(context, reshaped(context, axes[i], along), grid);
    columns.push_back(reshaped(context, spread, {count_of(context, spread), 1}));
  }
  context.result(concatenated(context, columns, 1));
}

// --- Triangles.

/// What lies on the wanted side of a diagonal; 0 elsewhere.
template <bool upper>
void lower_triangle(Context& context) {
  Value x = context.tensor("self");
  const Shape shape = x.shape();
  int64_t rows = shape[shape.size() - 2], columns = shape.back(), diagonal = context.integer("diagonal");
  std::vector<uint8_t> kept;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      kept.push_back(upper ? column - row >= diagonal : column - row <= diagonal);
  Constant mask = Constant::from(kept, {static_cast<uint32_t>(rows), static_cast<uint32_t>(columns)});
  Value condition = context.constant_operand(mask.converted(graph::ElementType::bool8).broadcast_to(shape));
  context.result(chosen(context, condition, x, filled(context, 0, x.element_type(), shape), shape));
}

constexpr Lowering table[] = {
    {"aten::diagonal", lower_diagonal, "GATHER", ""},
    {"aten::diagonal_copy", lower_diagonal, "GATHER", ""},
    {"aten::linalg_diagonal", lower_diagonal, "GATHER", ""},
    {"aten::diag", lower_diag, "GATHER, PAD", ""},
    {"aten::diag_embed", lower_diag_embed, "GATHER, PAD", ""},
    {"aten::diagflat", lower_diagflat, "GATHER, PAD", ""},
    {"aten::block_diag", lower_block_diag, "PAD, CONCATENATION", ""},
    {"aten::tril", lower_triangle<false>, "SELECT", ""},
    {"aten::triu", lower_triangle<true>, "SELECT", ""},
    {"aten::meshgrid", lower_meshgrid, "RESHAPE, TILE", ""},
    {"aten::broadcast_tensors", lower_broadcast_tensors, "TILE", ""},
    {"aten::cartesian_prod", lower_cartesian_prod, "TILE, CONCATENATION", ""},
};

}  // namespace

Span<const Lowering> diagonal_lowerings() { return table; }

}  // namespace passerelle::lowering
