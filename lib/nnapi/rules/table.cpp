#include "rules.h"

namespace passerelle::nnapi {
namespace {

struct Rule {
  OperationType operation;
  void (*check)(Call&);
};

using Op = OperationType;

constexpr Rule table[] = {
    {Op::ADD, rules::arithmetic},
    {Op::SUB, rules::arithmetic},
    {Op::MUL, rules::arithmetic},
    {Op::DIV, rules::arithmetic},
    {Op::MAXIMUM, rules::broadcast},
    {Op::MINIMUM, rules::broadcast},
    {Op::POW, rules::broadcast},
    {Op::PRELU, rules::broadcast},
    {Op::EQUAL, rules::broadcast},
    {Op::GREATER, rules::broadcast},
    {Op::GREATER_EQUAL, rules::broadcast},
    {Op::LESS, rules::broadcast},
    {Op::LESS_EQUAL, rules::broadcast},
    {Op::NOT_EQUAL, rules::broadcast},
    {Op::LOGICAL_AND, rules::broadcast},
    {Op::LOGICAL_OR, rules::broadcast},
    {Op::SELECT, rules::select},
    {Op::CAST, rules::cast},
    {Op::BATCH_MATMUL, rules::batch_matmul},

    {Op::CONV_2D, rules::convolution},
    {Op::DEPTHWISE_CONV_2D, rules::depthwise_convolution},
    {Op::GROUPED_CONV_2D, rules::grouped_convolution},
    {Op::TRANSPOSE_CONV_2D, rules::transposed_convolution},
    {Op::FULLY_CONNECTED, rules::fully_connected},
    {Op::AVERAGE_POOL_2D, rules::pool},
    {Op::MAX_POOL_2D, rules::pool},
    {Op::L2_POOL_2D, rules::pool},

    {Op::SOFTMAX, rules::softmax},
    {Op::L2_NORMALIZATION, rules::normalisation_axis},
    {Op::LOCAL_RESPONSE_NORMALIZATION, rules::normalisation_axis},
    {Op::LOG_SOFTMAX, rules::axis},
    {Op::ARGMAX, rules::axis},
    {Op::ARGMIN, rules::axis},
    {Op::SPLIT, rules::axis},
    {Op::GATHER, rules::axis},
    {Op::CHANNEL_SHUFFLE, rules::axis},

    {Op::CONCATENATION, rules::concatenation},
    {Op::PACK, rules::pack},
    {Op::PAD, rules::pad},
    {Op::PAD_V2, rules::pad},
    {Op::MIRROR_PAD, rules::mirror_pad},
    {Op::REVERSE, rules::reverse},
    {Op::SPACE_TO_BATCH_ND, rules::space_to_batch},
    {Op::TRANSPOSE, rules::transpose},
    {Op::SQUEEZE, rules::squeeze},
    {Op::SLICE, rules::slice},
    {Op::STRIDED_SLICE, rules::strided_slice},
    {Op::RESIZE_BILINEAR, rules::resize},
    {Op::RESIZE_NEAREST_NEIGHBOR, rules::resize},

    {Op::QUANTIZED_16BIT_LSTM, rules::quantized_16bit_lstm},
    {Op::IF, rules::control_flow},
};

}  // namespace

void check_own_rules(Call& call) {
  for (const Rule& rule : table)
    if (rule.operation == call.operation()) rule.check(call);
}

}  // namespace passerelle::nnapi
