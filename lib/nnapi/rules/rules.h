// The rules that one operation or a family has beyond its row in signatures.def, and the shapes of its results. Each
// function adds what it finds wrong to the call; the table in table.cpp says which apply where.
#pragma once

#include "../call.h"

namespace passerelle::nnapi::rules {

// convolution.cpp
void convolution(Call& call);
void depthwise_convolution(Call& call);
void grouped_convolution(Call& call);
void transposed_convolution(Call& call);
void fully_connected(Call& call);
void pool(Call& call);

// elementwise.cpp
void arithmetic(Call& call);
void broadcast(Call& call);
void select(Call& call);
void cast(Call& call);
void batch_matmul(Call& call);

// normalisation.cpp
void softmax(Call& call);
void normalisation_axis(Call& call);

// structure.cpp
void concatenation(Call& call);
void pack(Call& call);
void pad(Call& call);
void mirror_pad(Call& call);
void reverse(Call& call);
void space_to_batch(Call& call);
void transpose(Call& call);
void squeeze(Call& call);
void slice(Call& call);
void strided_slice(Call& call);
void resize(Call& call);
void axis(Call& call);

// other.cpp
void quantized_16bit_lstm(Call& call);
void control_flow(Call& call);

}  // namespace passerelle::nnapi::rules

namespace passerelle::nnapi::shapes {

// convolution.cpp
Shapes convolution(Call& call);
Shapes depthwise_convolution(Call& call);
Shapes transposed_convolution(Call& call);
Shapes fully_connected(Call& call);
Shapes pool(Call& call);

// elementwise.cpp
Shapes like_first(Call& call);
Shapes broadcast(Call& call);
Shapes select(Call& call);
Shapes batch_matmul(Call& call);

// structure.cpp
Shapes reshape(Call& call);
Shapes squeeze(Call& call);
Shapes expand_dims(Call& call);
Shapes transpose(Call& call);
Shapes concatenation(Call& call);
Shapes split(Call& call);
Shapes pack(Call& call);
Shapes slice(Call& call);
Shapes strided_slice(Call& call);
Shapes pad(Call& call);
Shapes tile(Call& call);
Shapes gather(Call& call);
Shapes depth_to_space(Call& call);
Shapes space_to_depth(Call& call);
Shapes batch_to_space(Call& call);
Shapes space_to_batch(Call& call);
Shapes resize(Call& call);
Shapes fill(Call& call);

// reduction.cpp
Shapes reduction(Call& call);
Shapes position(Call& call);
Shapes top_k(Call& call);
Shapes embedding_lookup(Call& call);
Shapes hashtable_lookup(Call& call);
Shapes lsh_projection(Call& call);
Shapes random_multinomial(Call& call);

// detection.cpp
Shapes box_transform(Call& call);
Shapes boxes_with_limit(Call& call);
Shapes proposals(Call& call);
Shapes detections(Call& call);
Shapes keypoints(Call& call);
Shapes regions(Call& call);

// recurrent.cpp
Shapes rnn(Call& call);
Shapes sequence_rnn(Call& call);
Shapes bidirectional_rnn(Call& call);
Shapes svdf(Call& call);
Shapes lstm(Call& call);
Shapes sequence_lstm(Call& call);
Shapes bidirectional_lstm(Call& call);
Shapes quantized_16bit_lstm(Call& call);
Shapes quantized_lstm(Call& call);

// other.cpp
Shapes scalar(Call& call);
Shapes branches(Call& call);
Shapes loop(Call& call);

}  // namespace passerelle::nnapi::shapes
