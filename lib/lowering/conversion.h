// Element types: PyTorch's promotion and casts, in operations that NNAPI has.
#pragma once

#include <string_view>

#include "context.h"

namespace passerelle::lowering {

/// `value` with another element type, as Tensor.to means it: towards zero from float to integer, 0 and 1 for bool, not
/// 0 to bool. NNAPI's CAST knows no BOOL8.
Value cast(Context& context, Value value, OperandType type);

/// The type of a tensor argument, or that of a Python number.
OperandType argument_type(Context& context, std::string_view name);

/// The type that PyTorch computes in where two arguments meet.
OperandType promoted(Context& context, std::string_view a, std::string_view b);
OperandType promoted(OperandType a, OperandType b);

/// A tensor argument, or a Python number as a constant of shape {1}, in `type`.
Value argument(Context& context, std::string_view name, OperandType type);

/// The tensor argument "self" in the type of the node's result.
Value self_as_result(Context& context);

/// SELECT: all three of one shape.
Value select(Context& context, Value condition, Value where_true, Value where_false);

/// Refuses integers of 8 and 16 bits as a result of arithmetic: PyTorch wraps them around, NNAPI's INT32 does not.
void refuse_narrow_integers(Context& context);

}  // namespace passerelle::lowering
