// Questions to a file that its reports ask.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/blob/view.h"
#include "passerelle/graph/diagnostic.h"
#include "passerelle/nnapi/legality.h"
#include "passerelle/report/file_report.h"

namespace passerelle::report {

/// From which level the operation is legal with the operands that it has.
nnapi::Legality operation_legality(const blob::SubgraphView& view, const blob::Operation& operation);

/// Bytes of all constants, each once.
uint64_t constant_bytes(const blob::View& view);

/// "1x3x224x224", "scalar"
std::string shape_text(Span<const uint32_t> dimensions);
/// "NCHW" or "NHWC" for four dimensions, else "-".
std::string layout_text(const FilePort& port, blob::Layout layout);

graph::Origin origin_of(const blob::SubgraphView& view, uint32_t operation);

const char* name(blob::Storage storage);

/// Convolutions, matrix products, recurrent networks; 0 for all others. Saturates rather than overflows.
uint64_t multiply_adds(const FileReport& report, const FileOperation& operation);

/// Of a TRANSPOSE, CAST, QUANTIZE or DEQUANTIZE: why it is there; of others "".
std::string why_overhead(const FileReport& report, uint32_t operation);

bool is_overhead(nnapi::OperationType type);

}  // namespace passerelle::report
