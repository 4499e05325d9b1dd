// The rules that one operation or a family has beyond its row in signatures.def. Each function adds what it finds to
// the call; the table in table.cpp says which apply where.
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
