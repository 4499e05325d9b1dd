// The listing of a trace, letter by letter.
#include "catch.h"
#include "passerelle/trace/trace.h"

namespace passerelle::trace {

TEST_CASE("a trace as text") {
  Trace trace;
  const auto add = [&](Tensor tensor) {
    trace.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(trace.tensors.size() - 1);
  };
  Tensor image, weight, quantized;
  image.shape = {1, 3, 8, 8};
  weight.shape = {3};
  weight.dependence = Dependence::constant;
  weight.constant = graph::Constant::filled(1, {3});
  quantized.shape = {1, 3};
  quantized.type = graph::ElementType::quint8;
  quantized.quantization.scale = 0.5f;
  quantized.quantization.zero_point = 7;
  const TensorId x = add(image), w = add(weight), a = add(image), q = add(quantized);
  trace.origins.push_back({"aten::mul", "block.0", {"net.py", 12}, {}});
  trace.origins.push_back({});
  trace.inputs.push_back({"x", x, true});
  trace.nodes.push_back({"aten::mul", "Tensor", {{"self", {x}}, {"other", {w}}}, {{a}}, 0});
  trace.nodes.push_back(
      {"aten::q",
       "",
       {{"self", {a}}, {"sizes", {std::vector<Value>{{int64_t{1}}, {2.0}, {false}, {std::string("s")}}}}, {"none", {}}},
       {{q}},
       1});
  trace.outputs.push_back({"output0", q, false});
  graph::Diagnostic diagnostic;
  diagnostic.reason = graph::Reason::state;
  diagnostic.op = "prim::SetAttr";
  diagnostic.message = "it changes";
  trace.diagnostics.push_back(diagnostic);
  CHECK(to_text(trace) ==
        "input x = %0 float32[1,3,8,8] channels last\n"
        "%2 float32[1,3,8,8] = aten::mul.Tensor(self=%0, other=$1 float32[3])  # block.0 net.py:12\n"
        "%3 quint8[1,3]{0.5,7} = aten::q(self=%2, sizes=[1, 2.0, False, \"s\"], none=None)\n"
        "output output0 = %3 quint8[1,3]{0.5,7}\n"
        "diagnostic state prim::SetAttr: it changes\n");
}

}  // namespace passerelle::trace
