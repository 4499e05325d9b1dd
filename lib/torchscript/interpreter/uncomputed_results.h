// Results of which tracing wants no more than shape and dtype.
//
// Nine tenths of the time that a model takes go into convolutions and products of matrices, and what comes out of them
// depends on the inputs' data: no constant is made from it. So tracing puts zeros in its place. Whatever then turns out
// to read values after all (a condition, a number, a shape that depends on them) ends in a diagnostic or an exception,
// and the model is traced again with everything computed.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <optional>
#include <string>
#include <vector>

namespace passerelle::torchscript {

/// Zeros with the shape, dtype and strides of the operator's first result, and undefined tensors for others that it
/// leaves out; nothing for operators that have to be run, and for arguments that it may not take.
std::optional<std::vector<c10::IValue>> uncomputed_results(const std::string& op, const c10::FunctionSchema& schema,
                                                           const std::vector<c10::IValue>& arguments);

}  // namespace passerelle::torchscript
