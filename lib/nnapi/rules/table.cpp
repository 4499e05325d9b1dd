// The rules of each operation: what is beyond its row in signatures.def, where there is something, and the shapes of
// its results. In the sections of signatures.def.
#include "passerelle/support/check.h"
#include "rules.h"

namespace passerelle::nnapi {
namespace {

struct Rules {
  OperationType operation;
  void (*check)(Call&);
  Shapes (*shapes)(Call&);
};

using Op = OperationType;

constexpr Rules table[] = {
    // --- Arithmetic on two tensors
    {Op::ADD, rules::arithmetic, shapes::broadcast},
    {Op::SUB, rules::arithmetic, shapes::broadcast},
    {Op::MUL, rules::arithmetic, shapes::broadcast},
    {Op::DIV, rules::arithmetic, shapes::broadcast},
    {Op::MAXIMUM, rules::broadcast, shapes::broadcast},
    {Op::MINIMUM, rules::broadcast, shapes::broadcast},
    {Op::POW, rules::broadcast, shapes::broadcast},
    {Op::PRELU, rules::broadcast, shapes::broadcast},
    {Op::BATCH_MATMUL, rules::batch_matmul, shapes::batch_matmul},

    // --- Comparisons and logic
    {Op::EQUAL, rules::broadcast, shapes::broadcast},
    {Op::GREATER, rules::broadcast, shapes::broadcast},
    {Op::GREATER_EQUAL, rules::broadcast, shapes::broadcast},
    {Op::LESS, rules::broadcast, shapes::broadcast},
    {Op::LESS_EQUAL, rules::broadcast, shapes::broadcast},
    {Op::NOT_EQUAL, rules::broadcast, shapes::broadcast},
    {Op::LOGICAL_AND, rules::broadcast, shapes::broadcast},
    {Op::LOGICAL_OR, rules::broadcast, shapes::broadcast},
    {Op::LOGICAL_NOT, nullptr, shapes::like_first},
    {Op::SELECT, rules::select, shapes::select},

    // --- One tensor, element by element
    {Op::RELU, nullptr, shapes::like_first},
    {Op::RELU1, nullptr, shapes::like_first},
    {Op::RELU6, nullptr, shapes::like_first},
    {Op::LOGISTIC, nullptr, shapes::like_first},
    {Op::TANH, nullptr, shapes::like_first},
    {Op::HARD_SWISH, nullptr, shapes::like_first},
    {Op::ELU, nullptr, shapes::like_first},
    {Op::FLOOR, nullptr, shapes::like_first},
    {Op::ABS, nullptr, shapes::like_first},
    {Op::NEG, nullptr, shapes::like_first},
    {Op::EXP, nullptr, shapes::like_first},
    {Op::LOG, nullptr, shapes::like_first},
    {Op::SIN, nullptr, shapes::like_first},
    {Op::SQRT, nullptr, shapes::like_first},
    {Op::RSQRT, nullptr, shapes::like_first},
    {Op::CAST, rules::cast, shapes::like_first},
    {Op::QUANTIZE, nullptr, shapes::like_first},
    {Op::DEQUANTIZE, nullptr, shapes::like_first},

    // --- Convolutions and matrix products
    {Op::CONV_2D, rules::convolution, shapes::convolution},
    {Op::DEPTHWISE_CONV_2D, rules::depthwise_convolution, shapes::depthwise_convolution},
    {Op::GROUPED_CONV_2D, rules::grouped_convolution, shapes::convolution},
    {Op::TRANSPOSE_CONV_2D, rules::transposed_convolution, shapes::transposed_convolution},
    {Op::FULLY_CONNECTED, rules::fully_connected, shapes::fully_connected},

    // --- Pools
    {Op::AVERAGE_POOL_2D, rules::pool, shapes::pool},
    {Op::MAX_POOL_2D, rules::pool, shapes::pool},
    {Op::L2_POOL_2D, rules::pool, shapes::pool},

    // --- Normalisation
    {Op::SOFTMAX, rules::softmax, shapes::like_first},
    {Op::LOG_SOFTMAX, rules::axis, shapes::like_first},
    {Op::L2_NORMALIZATION, rules::normalisation_axis, shapes::like_first},
    {Op::LOCAL_RESPONSE_NORMALIZATION, rules::normalisation_axis, shapes::like_first},
    {Op::INSTANCE_NORMALIZATION, nullptr, shapes::like_first},

    // --- Reductions
    {Op::MEAN, nullptr, shapes::reduction},
    {Op::REDUCE_MAX, nullptr, shapes::reduction},
    {Op::REDUCE_MIN, nullptr, shapes::reduction},
    {Op::REDUCE_SUM, nullptr, shapes::reduction},
    {Op::REDUCE_PROD, nullptr, shapes::reduction},
    {Op::REDUCE_ALL, nullptr, shapes::reduction},
    {Op::REDUCE_ANY, nullptr, shapes::reduction},
    {Op::ARGMAX, rules::axis, shapes::position},
    {Op::ARGMIN, rules::axis, shapes::position},
    {Op::TOPK_V2, nullptr, shapes::top_k},

    // --- Moving elements about
    {Op::RESHAPE, nullptr, shapes::reshape},
    {Op::SQUEEZE, rules::squeeze, shapes::squeeze},
    {Op::EXPAND_DIMS, nullptr, shapes::expand_dims},
    {Op::TRANSPOSE, rules::transpose, shapes::transpose},
    {Op::CONCATENATION, rules::concatenation, shapes::concatenation},
    {Op::SPLIT, rules::axis, shapes::split},
    {Op::PACK, rules::pack, shapes::pack},
    {Op::SLICE, rules::slice, shapes::slice},
    {Op::STRIDED_SLICE, rules::strided_slice, shapes::strided_slice},
    {Op::PAD, rules::pad, shapes::pad},
    {Op::PAD_V2, rules::pad, shapes::pad},
    {Op::MIRROR_PAD, rules::mirror_pad, shapes::pad},
    {Op::REVERSE, rules::reverse, shapes::like_first},
    {Op::TILE, nullptr, shapes::tile},
    {Op::GATHER, rules::axis, shapes::gather},
    {Op::CHANNEL_SHUFFLE, rules::axis, shapes::like_first},
    {Op::DEPTH_TO_SPACE, nullptr, shapes::depth_to_space},
    {Op::SPACE_TO_DEPTH, nullptr, shapes::space_to_depth},
    {Op::BATCH_TO_SPACE_ND, nullptr, shapes::batch_to_space},
    {Op::SPACE_TO_BATCH_ND, rules::space_to_batch, shapes::space_to_batch},
    {Op::RESIZE_BILINEAR, rules::resize, shapes::resize},
    {Op::RESIZE_NEAREST_NEIGHBOR, rules::resize, shapes::resize},

    // --- Making and looking up
    {Op::FILL, nullptr, shapes::fill},
    {Op::RANK, nullptr, shapes::scalar},
    {Op::EMBEDDING_LOOKUP, nullptr, shapes::embedding_lookup},
    {Op::HASHTABLE_LOOKUP, nullptr, shapes::hashtable_lookup},
    {Op::LSH_PROJECTION, nullptr, shapes::lsh_projection},
    {Op::RANDOM_MULTINOMIAL, nullptr, shapes::random_multinomial},

    // --- Detection
    {Op::AXIS_ALIGNED_BBOX_TRANSFORM, nullptr, shapes::box_transform},
    {Op::BOX_WITH_NMS_LIMIT, nullptr, shapes::boxes_with_limit},
    {Op::GENERATE_PROPOSALS, nullptr, shapes::proposals},
    {Op::DETECTION_POSTPROCESSING, nullptr, shapes::detections},
    {Op::HEATMAP_MAX_KEYPOINT, nullptr, shapes::keypoints},
    {Op::ROI_ALIGN, nullptr, shapes::regions},
    {Op::ROI_POOLING, nullptr, shapes::regions},

    // --- Recurrent networks
    {Op::RNN, nullptr, shapes::rnn},
    {Op::UNIDIRECTIONAL_SEQUENCE_RNN, nullptr, shapes::sequence_rnn},
    {Op::BIDIRECTIONAL_SEQUENCE_RNN, nullptr, shapes::bidirectional_rnn},
    {Op::SVDF, nullptr, shapes::svdf},
    {Op::LSTM, nullptr, shapes::lstm},
    {Op::UNIDIRECTIONAL_SEQUENCE_LSTM, nullptr, shapes::sequence_lstm},
    {Op::BIDIRECTIONAL_SEQUENCE_LSTM, nullptr, shapes::bidirectional_lstm},
    {Op::QUANTIZED_16BIT_LSTM, rules::quantized_16bit_lstm, shapes::quantized_16bit_lstm},
    {Op::QUANTIZED_LSTM, nullptr, shapes::quantized_lstm},

    // --- Control flow
    {Op::IF, rules::control_flow, shapes::branches},
    {Op::WHILE, nullptr, shapes::loop},
};

const Rules& rules_of(OperationType operation) {
  static const std::vector<const Rules*> by_code = [] {
    std::vector<const Rules*> rows(all_operation_types().size());
    for (const Rules& row : table) rows[static_cast<size_t>(row.operation)] = &row;
    for (const Rules* row : rows) passerelle::check(row != nullptr, "every operation has its rules");
    return rows;
  }();
  return *by_code[static_cast<size_t>(operation)];
}

}  // namespace

void check_own_rules(Call& call) {
  if (auto* check = rules_of(call.operation()).check) check(call);
}

Shapes result_shapes(Call& call) { return rules_of(call.operation()).shapes(call); }

}  // namespace passerelle::nnapi
