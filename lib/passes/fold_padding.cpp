// A PAD of zeros before a convolution becomes the convolution's own padding. Runs after layout: images are NHWC.
#include "editor.h"
#include "legality.h"
#include "passes.h"

namespace passerelle::passes {
namespace {

bool takes_padding(const Operation& operation) {
  return (operation.is(Op::CONV_2D) || operation.is(Op::DEPTHWISE_CONV_2D) || operation.is(Op::GROUPED_CONV_2D)) &&
         !operation.boolean("nchw");
}

/// The PAD's {before, after} of height and width, where it leaves batch and channels alone.
std::optional<std::vector<int32_t>> image_padding(const Graph& graph, const Operation& pad) {
  std::optional<std::vector<int32_t>> paddings = constant_list(graph, pad.operand("paddings"));
  if (!paddings || paddings->size() != 8) return std::nullopt;
  const std::vector<int32_t>& all = *paddings;
  if (all[0] != 0 || all[1] != 0 || all[6] != 0 || all[7] != 0) return std::nullopt;
  return std::vector<int32_t>(all.begin() + 2, all.begin() + 6);
}

}  // namespace

void fold_padding(Graph& graph) {
  std::vector<std::optional<uint32_t>> producers = graph.producers();
  for (Operation& operation : graph.operations) {
    if (!takes_padding(operation)) continue;
    std::optional<uint32_t> producer = producers[index(operation.operand("input"))];
    if (!producer || !graph.operations[*producer].is(Op::PAD)) continue;
    const Operation& pad = graph.operations[*producer];
    std::optional<std::vector<int32_t>> padding = image_padding(graph, pad);
    if (!padding) continue;
    Operation padded = operation;
    constexpr std::string_view names[] = {"padding_top", "padding_bottom", "padding_left", "padding_right"};
    for (size_t i = 0; i < 4; ++i) padded.argument(names[i]) = operation.integer(names[i]) + (*padding)[i];
    padded.argument("input") = pad.operand("input");
    // A padding as large as the window stays a PAD: convolutions refuse it.
    if (legality(graph, padded)) operation = std::move(padded);
  }
  graph.remove_dead();
}

}  // namespace passerelle::passes
