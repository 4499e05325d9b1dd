// QUANTIZE and DEQUANTIZE.
#include "quantized.h"

namespace passerelle::hostnn {
namespace {

Tensors quantize(const Call& call) {
  return {quantized(call.tensor(0), call.output_type(0), call.output_quantization(), Rounding::before_zero_point)};
}
Tensors dequantize(const Call& call) { return {dequantized(call, 0)}; }

constexpr Row rows[] = {
    {OperationType::DEQUANTIZE, dequantize, quant8 | weights8 | float32 | zero_sized},
    {OperationType::QUANTIZE, quantize, float32 | quant8 | zero_sized},
};

}  // namespace

Span<const Row> quantization_rows() { return rows; }

}  // namespace passerelle::hostnn
