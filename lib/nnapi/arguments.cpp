#include "passerelle/nnapi/arguments.h"

#include <array>
#include <cassert>
#include <vector>

namespace passerelle::nnapi {
namespace {

using Arguments = std::vector<ArgumentSpec>;

ArgumentSpec tensor(std::string_view name) { return {name, ArgumentKind::tensor, {}}; }
ArgumentSpec optional_tensor(std::string_view name) { return {name, ArgumentKind::optional_tensor, {}}; }
ArgumentSpec tensors(std::string_view name) { return {name, ArgumentKind::tensors, {}}; }
ArgumentSpec integer(std::string_view name) { return {name, ArgumentKind::integer, {}}; }
ArgumentSpec integer(std::string_view name, int32_t value) { return {name, ArgumentKind::integer, value}; }
ArgumentSpec real(std::string_view name) { return {name, ArgumentKind::real, {}}; }
ArgumentSpec boolean(std::string_view name) { return {name, ArgumentKind::boolean, {}}; }
ArgumentSpec boolean(std::string_view name, bool value) { return {name, ArgumentKind::boolean, value}; }

/// What convolutions and pools share: explicit padding and strides.
Arguments window(Arguments before, Arguments after) {
  for (const char* name : {"padding_left", "padding_right", "padding_top", "padding_bottom", "stride_width",
                           "stride_height"})
    before.push_back(integer(name));
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

Arguments arguments_of(OperationType type) {
  switch (type) {
    case OperationType::ADD: return {tensor("input1"), tensor("input2"), integer("activation")};
    case OperationType::AVERAGE_POOL_2D: return window({tensor("input")}, {integer("filter_width"), integer("filter_height"), integer("activation"), boolean("nchw", false)});
    case OperationType::CONCATENATION: return {tensors("inputs"), integer("axis")};
    case OperationType::CONV_2D: return window({tensor("input"), tensor("filter"), tensor("bias")}, {integer("activation"), boolean("nchw", false), integer("dilation_width", 1), integer("dilation_height", 1)});
    case OperationType::DEPTHWISE_CONV_2D: return window({tensor("input"), tensor("filter"), tensor("bias")}, {integer("depth_multiplier"), integer("activation"), boolean("nchw", false), integer("dilation_width", 1), integer("dilation_height", 1)});
    case OperationType::DEPTH_TO_SPACE: return {tensor("input"), integer("block_size"), boolean("nchw", false)};
    case OperationType::DEQUANTIZE: return {tensor("input")};
    case OperationType::EMBEDDING_LOOKUP: return {tensor("lookups"), tensor("values")};
    case OperationType::FLOOR: return {tensor("input")};
    case OperationType::FULLY_CONNECTED: return {tensor("input"), tensor("weights"), tensor("bias"), integer("activation")};
    case OperationType::HASHTABLE_LOOKUP: return {tensor("lookups"), tensor("keys"), tensor("values")};
    case OperationType::L2_NORMALIZATION: return {tensor("input"), integer("axis", -1)};
    case OperationType::L2_POOL_2D: return window({tensor("input")}, {integer("filter_width"), integer("filter_height"), integer("activation"), boolean("nchw", false)});
    case OperationType::LOCAL_RESPONSE_NORMALIZATION: return {tensor("input"), integer("radius"), real("bias"), real("alpha"), real("beta"), integer("axis", -1)};
    case OperationType::LOGISTIC: return {tensor("input")};
    case OperationType::LSH_PROJECTION: return {tensor("hash_functions"), tensor("input"), optional_tensor("weight"), tensor("projection_type")};
    case OperationType::LSTM: return {tensor("input"), optional_tensor("input_to_input_weights"), tensor("input_to_forget_weights"), tensor("input_to_cell_weights"), tensor("input_to_output_weights"), optional_tensor("recurrent_to_input_weights"), tensor("recurrent_to_forget_weights"), tensor("recurrent_to_cell_weights"), tensor("recurrent_to_output_weights"), optional_tensor("cell_to_input_weights"), optional_tensor("cell_to_forget_weights"), optional_tensor("cell_to_output_weights"), optional_tensor("input_gate_bias"), tensor("forget_gate_bias"), tensor("cell_bias"), tensor("output_gate_bias"), optional_tensor("projection_weights"), optional_tensor("projection_bias"), tensor("output_state_in"), tensor("cell_state_in"), integer("activation"), real("cell_clip"), real("proj_clip"), optional_tensor("input_layer_norm_weights"), optional_tensor("forget_layer_norm_weights"), optional_tensor("cell_layer_norm_weights"), optional_tensor("output_layer_norm_weights")};
    case OperationType::MAX_POOL_2D: return window({tensor("input")}, {integer("filter_width"), integer("filter_height"), integer("activation"), boolean("nchw", false)});
    case OperationType::MUL: return {tensor("input1"), tensor("input2"), integer("activation")};
    case OperationType::RELU: return {tensor("input")};
    case OperationType::RELU1: return {tensor("input")};
    case OperationType::RELU6: return {tensor("input")};
    case OperationType::RESHAPE: return {tensor("input"), tensor("shape")};
    case OperationType::RESIZE_BILINEAR: return {tensor("input"), integer("output_width"), integer("output_height"), boolean("nchw", false), boolean("align_corners", false), boolean("half_pixel_centers", false)};
    case OperationType::RNN: return {tensor("input"), tensor("weights"), tensor("recurrent_weights"), tensor("bias"), tensor("hidden_state_in"), integer("activation")};
    case OperationType::SOFTMAX: return {tensor("input"), real("beta"), integer("axis", -1)};
    case OperationType::SPACE_TO_DEPTH: return {tensor("input"), integer("block_size"), boolean("nchw", false)};
    case OperationType::SVDF: return {tensor("input"), tensor("weights_feature"), tensor("weights_time"), optional_tensor("bias"), tensor("state_in"), integer("rank"), integer("activation")};
    case OperationType::TANH: return {tensor("input")};
    case OperationType::BATCH_TO_SPACE_ND: return {tensor("input"), tensor("block_sizes"), boolean("nchw", false)};
    case OperationType::DIV: return {tensor("input1"), tensor("input2"), integer("activation")};
    case OperationType::MEAN: return {tensor("input"), tensor("axes"), integer("keep_dims")};
    case OperationType::PAD: return {tensor("input"), tensor("paddings")};
    case OperationType::SPACE_TO_BATCH_ND: return {tensor("input"), tensor("block_sizes"), tensor("paddings"), boolean("nchw", false)};
    case OperationType::SQUEEZE: return {tensor("input"), optional_tensor("axes")};
    case OperationType::STRIDED_SLICE: return {tensor("input"), tensor("begin"), tensor("end"), tensor("strides"), integer("begin_mask"), integer("end_mask"), integer("shrink_axis_mask")};
    case OperationType::SUB: return {tensor("input1"), tensor("input2"), integer("activation")};
    case OperationType::TRANSPOSE: return {tensor("input"), optional_tensor("permutation")};
    case OperationType::ABS: return {tensor("input")};
    case OperationType::ARGMAX: return {tensor("input"), integer("axis")};
    case OperationType::ARGMIN: return {tensor("input"), integer("axis")};
    case OperationType::AXIS_ALIGNED_BBOX_TRANSFORM: return {tensor("rois"), tensor("deltas"), tensor("batch_index"), tensor("image_info")};
    case OperationType::BIDIRECTIONAL_SEQUENCE_LSTM: return {tensor("input"), optional_tensor("fw_input_to_input_weights"), tensor("fw_input_to_forget_weights"), tensor("fw_input_to_cell_weights"), tensor("fw_input_to_output_weights"), optional_tensor("fw_recurrent_to_input_weights"), tensor("fw_recurrent_to_forget_weights"), tensor("fw_recurrent_to_cell_weights"), tensor("fw_recurrent_to_output_weights"), optional_tensor("fw_cell_to_input_weights"), optional_tensor("fw_cell_to_forget_weights"), optional_tensor("fw_cell_to_output_weights"), optional_tensor("fw_input_gate_bias"), tensor("fw_forget_gate_bias"), tensor("fw_cell_bias"), tensor("fw_output_gate_bias"), optional_tensor("fw_projection_weights"), optional_tensor("fw_projection_bias"), optional_tensor("bw_input_to_input_weights"), tensor("bw_input_to_forget_weights"), tensor("bw_input_to_cell_weights"), tensor("bw_input_to_output_weights"), optional_tensor("bw_recurrent_to_input_weights"), tensor("bw_recurrent_to_forget_weights"), tensor("bw_recurrent_to_cell_weights"), tensor("bw_recurrent_to_output_weights"), optional_tensor("bw_cell_to_input_weights"), optional_tensor("bw_cell_to_forget_weights"), optional_tensor("bw_cell_to_output_weights"), optional_tensor("bw_input_gate_bias"), tensor("bw_forget_gate_bias"), tensor("bw_cell_bias"), tensor("bw_output_gate_bias"), optional_tensor("bw_projection_weights"), optional_tensor("bw_projection_bias"), tensor("fw_output_state_in"), tensor("fw_cell_state_in"), tensor("bw_output_state_in"), tensor("bw_cell_state_in"), optional_tensor("aux_input"), optional_tensor("fw_aux_input_to_input_weights"), optional_tensor("fw_aux_input_to_forget_weights"), optional_tensor("fw_aux_input_to_cell_weights"), optional_tensor("fw_aux_input_to_output_weights"), optional_tensor("bw_aux_input_to_input_weights"), optional_tensor("bw_aux_input_to_forget_weights"), optional_tensor("bw_aux_input_to_cell_weights"), optional_tensor("bw_aux_input_to_output_weights"), integer("activation"), real("cell_clip"), real("proj_clip"), boolean("merge_outputs"), boolean("time_major"), optional_tensor("fw_input_layer_norm_weights"), optional_tensor("fw_forget_layer_norm_weights"), optional_tensor("fw_cell_layer_norm_weights"), optional_tensor("fw_output_layer_norm_weights"), optional_tensor("bw_input_layer_norm_weights"), optional_tensor("bw_forget_layer_norm_weights"), optional_tensor("bw_cell_layer_norm_weights"), optional_tensor("bw_output_layer_norm_weights")};
    case OperationType::BIDIRECTIONAL_SEQUENCE_RNN: return {tensor("input"), tensor("fw_weights"), tensor("fw_recurrent_weights"), tensor("fw_bias"), tensor("fw_hidden_state_in"), tensor("bw_weights"), tensor("bw_recurrent_weights"), tensor("bw_bias"), tensor("bw_hidden_state_in"), tensor("aux_input"), tensor("fw_aux_weights"), tensor("bw_aux_weights"), integer("activation"), boolean("time_major"), boolean("merge_outputs")};
    case OperationType::BOX_WITH_NMS_LIMIT: return {tensor("scores"), tensor("rois"), tensor("batch_index"), real("score_threshold"), integer("max_boxes"), integer("nms_kernel"), real("iou_threshold"), real("nms_sigma"), real("nms_score_threshold")};
    case OperationType::CAST: return {tensor("input")};
    case OperationType::CHANNEL_SHUFFLE: return {tensor("input"), integer("num_groups"), integer("axis")};
    case OperationType::DETECTION_POSTPROCESSING: return {tensor("scores"), tensor("deltas"), tensor("anchors"), real("scale_dy"), real("scale_dx"), real("scale_dh"), real("scale_dw"), boolean("regular_nms"), integer("max_detections"), integer("max_classes_per_detection"), integer("detections_per_class"), real("score_threshold"), real("iou_threshold"), boolean("background_in_labels")};
    case OperationType::EQUAL: return {tensor("input1"), tensor("input2")};
    case OperationType::EXP: return {tensor("input")};
    case OperationType::EXPAND_DIMS: return {tensor("input"), integer("axis")};
    case OperationType::GATHER: return {tensor("input"), integer("axis"), tensor("indices")};
    case OperationType::GENERATE_PROPOSALS: return {tensor("scores"), tensor("deltas"), tensor("anchors"), tensor("image_info"), real("height_ratio"), real("width_ratio"), integer("pre_nms_max"), integer("post_nms_max"), real("iou_threshold"), real("min_size"), boolean("nchw")};
    case OperationType::GREATER: return {tensor("input1"), tensor("input2")};
    case OperationType::GREATER_EQUAL: return {tensor("input1"), tensor("input2")};
    case OperationType::GROUPED_CONV_2D: return window({tensor("input"), tensor("filter"), tensor("bias")}, {integer("num_groups"), integer("activation"), boolean("nchw")});
    case OperationType::HEATMAP_MAX_KEYPOINT: return {tensor("heatmap"), tensor("boxes"), boolean("nchw")};
    case OperationType::INSTANCE_NORMALIZATION: return {tensor("input"), real("gamma"), real("beta"), real("epsilon"), boolean("nchw")};
    case OperationType::LESS: return {tensor("input1"), tensor("input2")};
    case OperationType::LESS_EQUAL: return {tensor("input1"), tensor("input2")};
    case OperationType::LOG: return {tensor("input")};
    case OperationType::LOGICAL_AND: return {tensor("input1"), tensor("input2")};
    case OperationType::LOGICAL_NOT: return {tensor("input")};
    case OperationType::LOGICAL_OR: return {tensor("input1"), tensor("input2")};
    case OperationType::LOG_SOFTMAX: return {tensor("input"), real("beta"), integer("axis")};
    case OperationType::MAXIMUM: return {tensor("input1"), tensor("input2")};
    case OperationType::MINIMUM: return {tensor("input1"), tensor("input2")};
    case OperationType::NEG: return {tensor("input")};
    case OperationType::NOT_EQUAL: return {tensor("input1"), tensor("input2")};
    case OperationType::PAD_V2: return {tensor("input"), tensor("paddings"), real("pad_value")};
    case OperationType::POW: return {tensor("base"), tensor("exponent")};
    case OperationType::PRELU: return {tensor("input"), tensor("alpha")};
    case OperationType::QUANTIZE: return {tensor("input")};
    case OperationType::QUANTIZED_16BIT_LSTM: return {tensor("input"), tensor("input_to_input_weights"), tensor("input_to_forget_weights"), tensor("input_to_cell_weights"), tensor("input_to_output_weights"), tensor("recurrent_to_input_weights"), tensor("recurrent_to_forget_weights"), tensor("recurrent_to_cell_weights"), tensor("recurrent_to_output_weights"), tensor("input_gate_bias"), tensor("forget_gate_bias"), tensor("cell_bias"), tensor("output_gate_bias"), tensor("prev_cell_state"), tensor("prev_output")};
    case OperationType::RANDOM_MULTINOMIAL: return {tensor("logits"), integer("num_samples"), tensor("seeds")};
    case OperationType::REDUCE_ALL: return {tensor("input"), tensor("axes"), boolean("keep_dims")};
    case OperationType::REDUCE_ANY: return {tensor("input"), tensor("axes"), boolean("keep_dims")};
    case OperationType::REDUCE_MAX: return {tensor("input"), tensor("axes"), boolean("keep_dims")};
    case OperationType::REDUCE_MIN: return {tensor("input"), tensor("axes"), boolean("keep_dims")};
    case OperationType::REDUCE_PROD: return {tensor("input"), tensor("axes"), boolean("keep_dims")};
    case OperationType::REDUCE_SUM: return {tensor("input"), tensor("axes"), boolean("keep_dims")};
    case OperationType::ROI_ALIGN: return {tensor("input"), tensor("rois"), tensor("batch_index"), integer("output_height"), integer("output_width"), real("height_ratio"), real("width_ratio"), integer("sampling_height"), integer("sampling_width"), boolean("nchw")};
    case OperationType::ROI_POOLING: return {tensor("input"), tensor("rois"), tensor("batch_index"), integer("output_height"), integer("output_width"), real("height_ratio"), real("width_ratio"), boolean("nchw")};
    case OperationType::RSQRT: return {tensor("input")};
    case OperationType::SELECT: return {tensor("condition"), tensor("input1"), tensor("input2")};
    case OperationType::SIN: return {tensor("input")};
    case OperationType::SLICE: return {tensor("input"), tensor("begin"), tensor("size")};
    case OperationType::SPLIT: return {tensor("input"), integer("axis"), integer("num_splits")};
    case OperationType::SQRT: return {tensor("input")};
    case OperationType::TILE: return {tensor("input"), tensor("multiples")};
    case OperationType::TOPK_V2: return {tensor("input"), integer("k")};
    case OperationType::TRANSPOSE_CONV_2D: return window({tensor("input"), tensor("filter"), tensor("bias")}, {integer("activation"), boolean("nchw")});
    case OperationType::UNIDIRECTIONAL_SEQUENCE_LSTM: return {tensor("input"), optional_tensor("input_to_input_weights"), tensor("input_to_forget_weights"), tensor("input_to_cell_weights"), tensor("input_to_output_weights"), optional_tensor("recurrent_to_input_weights"), tensor("recurrent_to_forget_weights"), tensor("recurrent_to_cell_weights"), tensor("recurrent_to_output_weights"), optional_tensor("cell_to_input_weights"), optional_tensor("cell_to_forget_weights"), optional_tensor("cell_to_output_weights"), optional_tensor("input_gate_bias"), tensor("forget_gate_bias"), tensor("cell_bias"), tensor("output_gate_bias"), optional_tensor("projection_weights"), optional_tensor("projection_bias"), tensor("output_state_in"), tensor("cell_state_in"), integer("activation"), real("cell_clip"), real("proj_clip"), boolean("time_major"), optional_tensor("input_layer_norm_weights"), optional_tensor("forget_layer_norm_weights"), optional_tensor("cell_layer_norm_weights"), optional_tensor("output_layer_norm_weights")};
    case OperationType::UNIDIRECTIONAL_SEQUENCE_RNN: return {tensor("input"), tensor("weights"), tensor("recurrent_weights"), tensor("bias"), tensor("hidden_state_in"), integer("activation"), boolean("time_major")};
    case OperationType::RESIZE_NEAREST_NEIGHBOR: return {tensor("input"), integer("output_width"), integer("output_height"), boolean("nchw"), boolean("align_corners", false), boolean("half_pixel_centers", false)};
    case OperationType::QUANTIZED_LSTM: return {tensor("input"), optional_tensor("input_to_input_weights"), tensor("input_to_forget_weights"), tensor("input_to_cell_weights"), tensor("input_to_output_weights"), optional_tensor("recurrent_to_input_weights"), tensor("recurrent_to_forget_weights"), tensor("recurrent_to_cell_weights"), tensor("recurrent_to_output_weights"), optional_tensor("cell_to_input_weights"), optional_tensor("cell_to_forget_weights"), optional_tensor("cell_to_output_weights"), optional_tensor("input_gate_bias"), tensor("forget_gate_bias"), tensor("cell_bias"), tensor("output_gate_bias"), optional_tensor("projection_weights"), optional_tensor("projection_bias"), tensor("output_state_in"), tensor("cell_state_in"), optional_tensor("input_layer_norm_weights"), optional_tensor("forget_layer_norm_weights"), optional_tensor("cell_layer_norm_weights"), optional_tensor("output_layer_norm_weights"), real("cell_clip"), real("proj_clip"), real("input_intermediate_scale"), real("forget_intermediate_scale"), real("cell_intermediate_scale"), real("output_intermediate_scale"), integer("hidden_state_zero_point"), real("hidden_state_scale")};
    case OperationType::IF: return {};
    case OperationType::WHILE: return {};
    case OperationType::ELU: return {tensor("input"), real("alpha")};
    case OperationType::HARD_SWISH: return {tensor("input")};
    case OperationType::FILL: return {tensor("dims"), real("value")};
    case OperationType::RANK: return {tensor("input")};
    case OperationType::BATCH_MATMUL: return {tensor("input1"), tensor("input2"), boolean("adj_x", false), boolean("adj_y", false)};
    case OperationType::PACK: return {integer("axis"), tensors("inputs")};
    case OperationType::MIRROR_PAD: return {tensor("input"), tensor("paddings"), integer("mode")};
    case OperationType::REVERSE: return {tensor("input"), tensor("axis")};
  }
  return {};
}

}  // namespace

Span<const ArgumentSpec> argument_table(OperationType type) {
  static const std::vector<Arguments> table = [] {
    std::vector<Arguments> rows;
    for (OperationType operation : all_operation_types()) rows.push_back(arguments_of(operation));
    return rows;
  }();
  return table[static_cast<size_t>(type)];
}

int argument_index(OperationType type, std::string_view name) {
  Span<const ArgumentSpec> table = argument_table(type);
  for (size_t i = 0; i < table.size(); ++i)
    if (table[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace passerelle::nnapi
