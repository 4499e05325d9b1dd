// Operators that other releases of PyTorch have, and this LibTorch does not, or in another form.
#include "foreign/operators.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/function_schema_parser.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <set>

#include "catch.h"
#include "foreign/kernels.h"
#include "foreign/release_schemas.h"
#include "interpreter/allowed_operators.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

using Names = std::set<std::string>;

/// A model whose code is saved as it stands: LibTorch's compiler has not seen it.
Expected<Model> loaded(const std::string& body) {
  return Model::load(archive_of(
      "foreign_forms.pt", "class M(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    return " + body + "\n"));
}

Trace trace_of(const std::string& body, const std::vector<int64_t>& sizes) {
  const Expected<Model> model = loaded(body);
  if (!model) FAIL(body << ": " << model.error().message);
  return any_trace(*model, {shape(sizes)});
}

/// Whether this LibTorch's own form of the operator has it.
bool has_argument(const c10::OperatorName& op, const std::string& argument, const std::string& type) {
  const auto known = ::torch::jit::findOperatorFor(op);
  REQUIRE(known != nullptr);
  for (const c10::Argument& each : known->schema().arguments())
    if (each.name() == argument && each.type()->str() == type) return true;
  return false;
}

}  // namespace

TEST_CASE("an archive's code tells which operators it names") {
  CHECK(operators_named_in(
            "  y = torch.rms_norm(x, [4])\n  return (self.a).forward(ops.torchvision.nms(x, y, 0.5), )\n") ==
        Names{"aten::rms_norm", "torchvision::nms"});
  CHECK(operators_named_in("import __torch__.torch.nn.relu\n_0 = __torch__.torch.nn.relu(x)\ntorch.add") == Names{});
  CHECK(operators_named_in("") == Names{});
}

TEST_CASE("every release's schemas can be read, and lie as they are looked for") {
  REQUIRE(release_schemas().size() > 600);
  std::string last;
  Names seen;
  for (std::string_view text : release_schemas()) {
    const std::string schema(text), op = schema.substr(0, schema.find_first_of(".("));
    INFO(schema);
    CHECK_NOTHROW(::torch::jit::parseSchema(schema));
    if (op != last) CHECK(seen.insert(op).second);
    last = op;
  }
  for (const std::string& op : seen) CHECK(!release_schemas_of(op).empty());
  CHECK(release_schemas_of("aten::rms_norm").size() == 1);
  CHECK(release_schemas_of("aten::relu").empty());
  CHECK(release_schemas_of("aten::nowhere").empty());
}

TEST_CASE("an operator that has a kernel here is allowed to run") {
  for (Span<const ForeignKernelRow> family :
       {attention_kernels(), decomposed_quantization_kernels(), detection_kernels(), element_kernels(),
        normalisation_kernels(), resize_kernels()})
    for (const ForeignKernelRow& row : family) {
      INFO(row.op);
      CHECK(is_allowed(row.op.substr(0, row.op.find('.'))));
    }
}

TEST_CASE("results that are tuples are tuples, whether or not the operator can run") {
  const Trace trace = trace_of("(torch._native_batch_norm_legit(x, None, None, True, 0.1, 1e-05))[0]", {2, 3, 4, 4});
  CHECK(reasons(trace).empty());
  CHECK(operators(trace) == "aten::_native_batch_norm_legit");
  CHECK(reasons(trace_of("(torch.rrelu_with_noise_functional(x, x))[1]", {2})) == "unknown-operator");
}

TEST_CASE("forms with other arguments are translated, or refused where that would change the meaning") {
  register_operators_of_releases({"aten::std", "aten::pad_sequence"});
  const bool has_fractions = has_argument({"aten::std", "correction"}, "correction", "Scalar?");
  const bool has_sides = has_argument({"aten::pad_sequence", ""}, "padding_side", "str");
  CHECK(operators(trace_of("torch.std(x, [1], correction=0.)", {2, 3})) == "aten::std");
  CHECK(reasons(trace_of("torch.std(x, [1], correction=0.5)", {2, 3})) == (has_fractions ? "" : "unknown-operator"));
  CHECK(operators(trace_of("torch.pad_sequence([x, x], True, 0., \"right\")", {2, 3})) == "aten::pad_sequence");
  const Trace left = trace_of("torch.pad_sequence([x, x], True, 0., \"left\")", {2, 3});
  CHECK(reasons(left) == (has_sides ? "" : "unknown-operator"));
  if (!has_sides)
    CHECK(left.diagnostics[0].message == "this LibTorch has the operator without the argument 'padding_side'");
}

}  // namespace passerelle::torchscript::testing
