// Regions of images: ROI_ALIGN and ROI_POOLING. LibTorch has neither.
#include <algorithm>
#include <cmath>

#include "image.h"
#include "quantized.h"

namespace passerelle::hostnn {
namespace {

/// Regions [count, 4], left, top, right, bottom in an original image's coordinates, and the image [batches, height,
/// width, channels] that they are cut from. Each becomes [grid height, grid width, channels].
struct Regions {
  Tensor image;
  Tensor corners;
  Tensor batches;
  int64_t height = 0;
  int64_t width = 0;
  float scale_height = 1;  // of the regions' coordinates to the image's
  float scale_width = 1;

  int64_t count() const { return corners.size(0); }
  int32_t batch(int64_t region) const { return batches.data_ptr<int32_t>()[region]; }
};

Regions read_regions(const Call& call, const Tensor& image, const Tensor& corners, bool is_nchw) {
  Regions regions;
  regions.image = to_nchw(image, is_nchw).permute({0, 2, 3, 1}).contiguous();
  regions.corners = corners.contiguous();
  regions.batches = call.tensor(2).contiguous();
  regions.height = call.integer(3);
  regions.width = call.integer(4);
  require(image.numel() > 0, "an image without elements");
  require(corners.dim() == 2 && corners.size(1) == 4 && regions.batches.numel() == corners.size(0),
          "regions must have the shape [count, 4], with one batch index each");
  require(regions.height > 0 && regions.width > 0 && call.real(5) > 0 && call.real(6) > 0,
          "sizes and ratios must be positive");
  regions.scale_height = 1.0f / static_cast<float>(call.real(5));
  regions.scale_width = 1.0f / static_cast<float>(call.real(6));
  for (int64_t i = 0; i < regions.count(); ++i)
    require(regions.batch(i) >= 0 && regions.batch(i) < image.size(0), "a batch index out of range");
  return regions;
}

/// A region in the image's coordinates.
struct Box {
  float left, top, right, bottom;
};

Box box_of(const Regions& regions, int64_t index) {
  const float* corner = regions.corners.data_ptr<float>() + 4 * index;
  const Box box{corner[0] * regions.scale_width, corner[1] * regions.scale_height, corner[2] * regions.scale_width,
                corner[3] * regions.scale_height};
  require(box.left >= 0 && box.top >= 0 && box.right <= static_cast<float>(regions.image.size(2)) &&
              box.bottom <= static_cast<float>(regions.image.size(1)),
          "a region outside of the image");
  require(box.left <= box.right && box.top <= box.bottom, "a region that ends before it begins");
  return box;
}

// --- ROI_ALIGN

/// How samples lie in a region's cells.
struct Grid {
  Box box;
  float cell_height, cell_width;
  int64_t rows, columns;  // samples a cell

  int64_t samples() const { return rows * columns; }
  float y(int64_t cell, int64_t row) const {
    const float step = cell_height / static_cast<float>(rows);
    return cell_height * static_cast<float>(cell) + box.top + step / 2 + step * static_cast<float>(row);
  }
  float x(int64_t cell, int64_t column) const {
    const float step = cell_width / static_cast<float>(columns);
    return cell_width * static_cast<float>(cell) + box.left + step / 2 + step * static_cast<float>(column);
  }
};

/// Where the client gives no number of samples, as many as pixels fit in.
Grid grid_of(const Call& call, const Regions& regions, int64_t index) {
  Grid grid;
  grid.box = box_of(regions, index);
  grid.cell_height = std::max(grid.box.bottom - grid.box.top, 1.0f) / static_cast<float>(regions.height);
  grid.cell_width = std::max(grid.box.right - grid.box.left, 1.0f) / static_cast<float>(regions.width);
  const int64_t rows = call.integer(7), columns = call.integer(8);
  require(rows >= 0 && columns >= 0, "sizes and ratios must be positive");
  grid.rows = rows > 0 ? rows : static_cast<int64_t>(std::ceil(grid.cell_height));
  grid.columns = columns > 0 ? columns : static_cast<int64_t>(std::ceil(grid.cell_width));
  return grid;
}

/// Two neighbours on an axis, and how far between them.
struct Between {
  int64_t first;
  int64_t second;
  float fraction;
};

Between neighbours(float position, int64_t size) {
  const auto first = static_cast<int64_t>(std::floor(position));
  if (first >= size - 1) return {size - 1, size - 1, 0.0f};
  return {first, first + 1, position - static_cast<float>(first)};
}

/// Adds the value at (y, x), interpolated, of all channels. `image` is [height, width, channels], of the type of the
/// sums; `weight` turns a share of a pixel into that type.
template <typename T, typename Weight>
void add_sample(const Tensor& image, float y, float x, Weight&& weight, T* sums) {
  const Between rows = neighbours(y, image.size(0));
  const Between columns = neighbours(x, image.size(1));
  const int64_t channels = image.size(2);
  const auto pixel = [&](int64_t row, int64_t column) {
    return image.data_ptr<T>() + (row * image.size(1) + column) * channels;
  };
  const T* corners[] = {pixel(rows.first, columns.first), pixel(rows.first, columns.second),
                        pixel(rows.second, columns.first), pixel(rows.second, columns.second)};
  const float left = 1 - columns.fraction, top = 1 - rows.fraction;
  const T weights[] = {weight(left * top), weight(columns.fraction * top), weight(left * rows.fraction),
                       weight(columns.fraction * rows.fraction)};
  for (int64_t channel = 0; channel < channels; ++channel) {
    T value = 0;
    for (int corner = 0; corner < 4; ++corner) value += weights[corner] * corners[corner][channel];
    sums[channel] += value;
  }
}

/// The sums of samples of each cell: [regions.height, regions.width, channels].
template <typename T, typename Weight>
Tensor sum_samples(const Regions& regions, int64_t index, const Grid& grid, Weight&& weight) {
  const Tensor image = regions.image[regions.batch(index)];
  Tensor result = at::zeros({regions.height, regions.width, image.size(2)}, image.options());
  T* sums = result.data_ptr<T>();
  for (int64_t i = 0; i < regions.height; ++i)
    for (int64_t j = 0; j < regions.width; ++j, sums += image.size(2))
      for (int64_t row = 0; row < grid.rows; ++row)
        for (int64_t column = 0; column < grid.columns; ++column)
          add_sample<T>(image, grid.y(i, row), grid.x(j, column), weight, sums);
  return result;
}

Tensors stacked(const Regions& regions, const Tensors& results, const Tensor& like, bool is_nchw) {
  const Tensor result = results.empty()
                            ? at::empty({0, regions.height, regions.width, regions.image.size(3)}, like.options())
                            : at::stack(results);
  return {is_nchw ? result.permute({0, 3, 1, 2}) : result};
}

Tensors roi_align(const Call& call) {
  const bool nchw = call.boolean(9);
  const Regions regions = read_regions(call, call.tensor(0), call.tensor(1), nchw);
  Tensors results;
  for (int64_t i = 0; i < regions.count(); ++i) {
    const Grid grid = grid_of(call, regions, i);
    const auto weight = [](float share) { return share; };
    results.push_back(sum_samples<float>(regions, i, grid, weight).div_(static_cast<float>(grid.samples())));
  }
  return stacked(regions, results, call.tensor(0), nchw);
}

/// Shares of pixels count in 1/255.
Tensors quantized_roi_align(const Call& call) {
  constexpr float share_scale = 1.0f / 255.0f;
  const bool nchw = call.boolean(9);
  const Regions regions = read_regions(call, centred(call, 0), dequantized(call, 1), nchw);
  Tensors results;
  for (int64_t i = 0; i < regions.count(); ++i) {
    const Grid grid = grid_of(call, regions, i);
    const auto weight = [](float share) { return static_cast<int32_t>(std::round(share / share_scale)); };
    const float factor = call.quantization(0).scale * share_scale / call.output_quantization().scale /
                         static_cast<float>(grid.samples());
    results.push_back(store(call, sum_samples<int32_t>(regions, i, grid, weight), multiplier_of(factor)));
  }
  return stacked(regions, results, call.tensor(0), nchw);
}

// --- ROI_POOLING

/// Where a cell begins and ends on an axis of the image.
struct Range {
  int64_t begin;
  int64_t end;
};

Range cell_range(float first, float last, int64_t cell, int64_t cells, int64_t size) {
  const float begin = std::round(first);
  const float step = std::max(std::round(last) - begin + 1, 1.0f) / static_cast<float>(cells);
  return {std::min(static_cast<int64_t>(std::floor(step * static_cast<float>(cell) + begin)), size),
          std::min(static_cast<int64_t>(std::ceil(step * static_cast<float>(cell + 1) + begin)), size)};
}

/// The greatest value of each cell; 0 where that has no pixels.
Tensors pool_regions(const Call& call, const Tensor& values, const Tensor& corners, const c10::Scalar& zero) {
  const bool nchw = call.boolean(7);
  const Regions regions = read_regions(call, values, corners, nchw);
  const int64_t height = regions.image.size(1), width = regions.image.size(2), channels = regions.image.size(3);
  Tensors results;
  for (int64_t index = 0; index < regions.count(); ++index) {
    const Box box = box_of(regions, index);
    Tensors cells;
    for (int64_t i = 0; i < regions.height; ++i) {
      for (int64_t j = 0; j < regions.width; ++j) {
        const Range rows = cell_range(box.top, box.bottom, i, regions.height, height);
        const Range columns = cell_range(box.left, box.right, j, regions.width, width);
        const bool is_empty = rows.begin >= rows.end || columns.begin >= columns.end;
        cells.push_back(is_empty ? at::full({channels}, zero, values.options())
                                 : regions.image[regions.batch(index)]
                                       .slice(0, rows.begin, rows.end)
                                       .slice(1, columns.begin, columns.end)
                                       .amax(at::IntArrayRef{0, 1}));
      }
    }
    results.push_back(at::stack(cells).reshape({regions.height, regions.width, channels}));
  }
  return stacked(regions, results, values, nchw);
}

Tensors roi_pooling(const Call& call) { return pool_regions(call, call.tensor(0), call.tensor(1), 0); }

Tensors quantized_roi_pooling(const Call& call) {
  return pool_regions(call, call.tensor(0), dequantized(call, 1), call.quantization(0).zero_point);
}

constexpr Row rows[] = {
    {OperationType::ROI_ALIGN, quantized_roi_align, quant8 | quant16 | int32 | zero_sized},
    {OperationType::ROI_ALIGN, roi_align, float32 | int32 | zero_sized},
    {OperationType::ROI_POOLING, quantized_roi_pooling, quant8 | quant16 | int32 | zero_sized},
    {OperationType::ROI_POOLING, roi_pooling, float32 | int32 | zero_sized},
};

}  // namespace

Span<const Row> region_rows() { return rows; }

}  // namespace passerelle::hostnn
