// Boxes and regions of images. How many boxes remain depends on the data.
#include "rules.h"
#include "sizes.h"

namespace passerelle::nnapi::shapes {
namespace {

constexpr uint32_t corners = 4;

uint32_t positive(const Call& call, std::string_view argument) {
  return static_cast<uint32_t>(std::max(call.integer(argument).value_or(0), 0));
}

}  // namespace

Shapes box_transform(Call& call) { return {call.sizes("deltas")}; }

Shapes boxes_with_limit(Call&) { return {{0}, {0, corners}, {0}, {0}}; }

Shapes proposals(Call&) { return {{0}, {0, corners}, {0}}; }

Shapes detections(Call& call) {
  const uint32_t batches = at(call.sizes("scores"), 0), most = positive(call, "max_detections");
  const std::optional<bool> by_class = call.boolean("regular_nms");
  const uint32_t room = !by_class   ? 0
                        : *by_class ? most
                                    : product(call, most, positive(call, "max_classes_per_detection"));
  return {{batches, room}, {batches, room, corners}, {batches, room}, {batches}};
}

Shapes keypoints(Call& call) {
  const uint32_t boxes = at(call.sizes("boxes"), 0), keypoints = image(call, "heatmap").channels;
  return {{boxes, keypoints}, {boxes, keypoints, 2}};
}

/// A small image for each region.
Shapes regions(Call& call) {
  const uint32_t height = positive(call, "output_height"), width = positive(call, "output_width");
  return {sizes(call, {at(call.sizes("rois"), 0), height, width, image(call).channels})};
}

}  // namespace passerelle::nnapi::shapes
