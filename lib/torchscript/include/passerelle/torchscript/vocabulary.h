// The trace's words, which this room speaks as its own.
#pragma once

#include "passerelle/trace/trace.h"

namespace passerelle::torchscript {

using trace::Dependence;
using trace::Node;
using trace::Port;
using trace::Tensor;
using trace::TensorId;
using trace::Trace;
using trace::Value;

}  // namespace passerelle::torchscript
