// Every pass, as pipeline.cpp lists them. A pass keeps what is computed; see each file for what it changes. Those of a
// graph keep its formal inputs and outputs as they are; those of a module may change the model's border too.
#pragma once

#include <vector>

#include "passerelle/graph/graph.h"
#include "passerelle/passes/pipeline.h"

namespace passerelle::passes {

/// Whether RESHAPE, TRANSPOSE, RESHAPE is written as CHANNEL_SHUFFLE: not where legalisation has written the opposite.
enum class Shuffles { found, as_they_stand };
void simplify(graph::Graph& graph, Shuffles shuffles = Shuffles::found);
void fold_rank(graph::Module& module);
/// Operations between DEQUANTIZE and QUANTIZE on integers, where NNAPI has them within one step.
void remove_float_islands(graph::Graph& graph);
/// No signed 8-bit tensors below the level that has them.
void use_unsigned_integers(graph::Graph& graph, const Target& target);
void legalise_before_layout(graph::Module& module, const Target& target);
void legalise_after_layout(graph::Module& module, const Target& target);
void solve_layout(graph::Module& module, const Target& target);
void fold_constants_into_weights(graph::Graph& graph);
void fold_padding(graph::Graph& graph);
void fuse_activations(graph::Graph& graph);
void deduplicate(graph::Graph& graph);
void separate_ports(graph::Module& module);
/// Trims argument lists and returns what the target cannot run.
std::vector<graph::Diagnostic> finalise(graph::Module& module, const Target& target);

}  // namespace passerelle::passes
