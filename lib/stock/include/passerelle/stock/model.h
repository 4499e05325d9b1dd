// The form in which PyTorch's own NNAPI class, torch.classes._nnapi.Compilation, takes a model: words of four bytes in
// the machine's order, and buffers of weights beside them.
//
// docs/fallback.md lists the arrays. It has no scales per channel, no operand left out, and no model inside of another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/graph.h"
#include "passerelle/support/span.h"

namespace passerelle::stock {

struct Model {
  std::vector<int32_t> words;
  std::vector<std::vector<unsigned char>> buffers;  ///< each below 1 GiB, or one larger constant's
};

/// What of a finished module this form can't carry, by the operator that it was made for.
std::vector<graph::Diagnostic> obstacles(const graph::Module& module);

/// Of a finished module without obstacles. Constants of more than 128 bytes are put into buffers, each on 64 bytes,
/// equal bytes of one constant's storage not shared.
Model serialise(const graph::Module& module);

/// Why PyTorch's class must not be given these words with buffers of these sizes; empty where they are well formed. Its
/// own reader believes counts and indexes.
std::string flaw(Span<const int32_t> words, Span<const uint64_t> buffer_sizes);

/// Of words without a flaw.
struct Summary {
  size_t operations = 0;
  bool in_integers = false;  ///< some operand is a quantized tensor
};
Summary summary(Span<const int32_t> words);

}  // namespace passerelle::stock
