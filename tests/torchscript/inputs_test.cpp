// From specifications to forward's parameters.
#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

std::string usage(const Model& model, const std::vector<InputSpec>& specs) {
  const auto trace = model.trace(specs);
  if (trace) return "no error";
  CHECK(trace.error().kind == ErrorKind::usage);
  CHECK(trace.error().message.find('\n') == std::string::npos);
  return trace.error().message;
}

std::string port_names(const Trace& trace) {
  std::string names;
  for (const Port& port : trace.inputs) names += (names.empty() ? "" : " ") + port.name;
  return names;
}

}  // namespace

TEST_CASE("parameters are described") {
  const Model model =
      model_of("def forward(self, x, y: Tuple[Tensor, int], z: Optional[Tensor] = None):\n  return x\n");
  const auto parameters = model.parameters();
  REQUIRE(parameters.size() == 3);
  CHECK(parameters[0].name == "x");
  CHECK(parameters[0].type == "Tensor");
  CHECK(parameters[1].type == "Tuple[Tensor, int]");
  CHECK(parameters[2].type == "Optional[Tensor]");
}

TEST_CASE("too few, too many, unknown and wrong inputs are wrong usage") {
  const Model model = model_of("def forward(self, x, y):\n  return x + y\n");
  CHECK(usage(model, {}).find("no input is given for 'x': the model takes 2 inputs (x, y)") == 0);
  CHECK(usage(model, {}).find("--input 1x3x224x224") != std::string::npos);
  CHECK(usage(model, {shape({1})}).find("no input is given for 'y'") == 0);
  CHECK(usage(model, {shape({1}), shape({1}), shape({1})}).find("3 inputs are given, which is too many") == 0);
  CHECK(usage(model, {shape({1}), shape({1}, "z")}).find("the model has no input 'z'") == 0);
  CHECK(usage(model, {shape({1}), shape({1}), shape({1}, "z")}).find("the model has no input 'z'") == 0);
  CHECK(usage(model, {shape({1}, "x"), shape({1}, "x")}).find("the input 'x' is given twice") == 0);
  CHECK(usage(model, {shape({1}), shape({-1})}).find("the input 'y' has a negative dimension") == 0);
  CHECK(usage(model, {shape({1}), shape({1 << 20, 1 << 20})}).find("the input 'y' has more than 2^31 elements") == 0);
  CHECK(usage(model, {shape({1}), {}}).find("the input 'y' needs a shape or a .npy file") == 0);
  CHECK(usage(model, {shape({1}), shape({1}), number(int64_t{3})}).find("a number is given that no parameter takes") ==
        0);
}

TEST_CASE("inputs by name and by position") {
  const Model model = model_of("def forward(self, x, y):\n  return x - y.sum()\n");
  const Trace trace = faithful_trace(model, {shape({5}, "y"), shape({2, 3})});
  CHECK(port_names(trace) == "x y");
  CHECK(trace[trace.inputs[0].tensor].shape == std::vector<int64_t>{2, 3});
  CHECK(trace[trace.inputs[1].tensor].shape == std::vector<int64_t>{5});
}

TEST_CASE("tuples, lists and dicts are flattened depth first") {
  const Model tuples = model_of(
      "def forward(self, x: Tuple[Tensor, Tuple[Tensor, Tensor]], y):\n"
      "  a, bc = x\n  return a + bc[0] * bc[1] - y\n");
  CHECK(port_names(faithful_trace(tuples, {shape({2}), shape({2}), shape({2}), shape({2})})) == "x.0 x.1.0 x.1.1 y");

  const Model lists = model_of("def forward(self, x: List[Tensor], y):\n  return torch.cat(x) + y\n");
  CHECK(port_names(faithful_trace(lists, {shape({2}), shape({3}), shape({5})})) == "x.0 x.1 y");
  CHECK(port_names(faithful_trace(lists, {shape({2}, "x.0"), shape({3}, "x.1"), shape({5})})) == "x.0 x.1 y");
  CHECK(usage(lists, {shape({5}, "y")}).find("'x' is a List[Tensor]") == 0);

  const Model dicts = model_of("def forward(self, x: Dict[str, Tensor]):\n  return x['a'] - x['b']\n");
  CHECK(port_names(faithful_trace(dicts, {shape({2}, "x.b"), shape({2}, "x.a")})) == "x.a x.b");
  CHECK(usage(dicts, {}).find("'x' is a Dict[str, Tensor]") == 0);
}

TEST_CASE("optional tensors and Python numbers") {
  const Model model = model_of(
      "def forward(self, x, mask: Optional[Tensor] = None, scale: float = 2.0, n: int = 1, flag: bool = False):\n"
      "  if mask is not None:\n"
      "    x = x * mask\n"
      "  if flag:\n"
      "    x = -x\n"
      "  return x * scale + n\n");
  CHECK(operators(faithful_trace(model, {shape({2})})) == "aten::mul aten::add");
  CHECK(operators(faithful_trace(model, {shape({2}), shape({2})})) == "aten::mul aten::mul aten::add");
  CHECK(operators(faithful_trace(model, {shape({2}), number(true, "flag")})) == "aten::neg aten::mul aten::add");
  const Trace scaled = faithful_trace(model, {shape({2}), number(int64_t{5}, "scale")});
  CHECK(std::get<double>(scaled.nodes[0].arguments[1].second.data) == 5.0);
  CHECK(usage(model, {shape({2}), number(2.5, "n")}).find("'n' is a Python int") == 0);
  CHECK(usage(model, {shape({2}), shape({2}, "n")}).find("'n' is a Python int") == 0);
  CHECK(usage(model, {number(int64_t{3}, "x")}).find("the input 'x' is a tensor") == 0);
}

TEST_CASE("a number without a default has to be given") {
  const Model model = model_of("def forward(self, x, n: int):\n  return x * n\n");
  CHECK(usage(model, {shape({2})}).find("no value is given for 'n', a Python int") == 0);
  CHECK(operators(faithful_trace(model, {shape({2}), number(int64_t{3})})) == "aten::mul");
}

TEST_CASE("parameters of other types") {
  const Model needs = model_of("def forward(self, x, mode: str):\n  return x\n");
  CHECK(usage(needs, {shape({2})}).find("the parameter 'mode' is of type str") == 0);
  const Model has = model_of("def forward(self, x, mode: str = 'a'):\n  return x + 1 if mode == 'a' else x\n");
  CHECK(operators(faithful_trace(has, {shape({2})})) == "aten::add");
}

TEST_CASE("dtypes, and values that are the same each time") {
  const Model model = model_of("def forward(self, x):\n  return x\n");
  using graph::ElementType;
  for (ElementType type :
       {ElementType::float32, ElementType::float64, ElementType::float16, ElementType::int8, ElementType::uint8,
        ElementType::int16, ElementType::int32, ElementType::int64, ElementType::bool8}) {
    const auto once = model.example_inputs({typed({3, 5}, type)});
    const auto again = model.example_inputs({typed({3, 5}, type)});
    REQUIRE(once);
    CHECK((*once)[0].type == type);
    CHECK((*once)[0].bytes.size() == 15 * graph::byte_size(type));
    CHECK((*once)[0].bytes == (*again)[0].bytes);
  }
  const auto integers = model.example_inputs({typed({1000}, ElementType::int64)});
  for (size_t i = 0; i < 1000; ++i)
    CHECK(((*integers)[0].as<int64_t>()[i] >= 0 && (*integers)[0].as<int64_t>()[i] < 10));
}

TEST_CASE("quantized inputs") {
  const Model model = model_of("def forward(self, x):\n  return torch.dequantize(x)\n");
  InputSpec spec = typed({4}, graph::ElementType::quint8);
  CHECK(usage(model, {spec}).find("it needs a scale above 0") != std::string::npos);
  spec.quantization.scale = 0.5f;
  spec.quantization.zero_point = 10;
  const Trace trace = faithful_trace(model, {spec});
  CHECK(trace[trace.inputs[0].tensor].quantization == spec.quantization);
  InputSpec integers = spec;
  integers.shape.reset();
  integers.values = graph::HostTensor{graph::ElementType::uint8, {4}, {10, 12, 0, 255}, {}};
  const auto inputs = model.example_inputs({integers});
  REQUIRE(inputs);
  CHECK((*inputs)[0].bytes == std::vector<unsigned char>{10, 12, 0, 255});
  const auto outputs = model.run({integers}, *inputs);
  REQUIRE(outputs);
  CHECK((*outputs)[0].as<float>()[1] == 1.0f);
  CHECK((*outputs)[0].as<float>()[2] == -5.0f);
}

TEST_CASE("channels last is for rank 4") {
  const Model model = model_of("def forward(self, x):\n  return x + 1\n");
  InputSpec image = shape({1, 3, 4, 4});
  image.channels_last = true;
  CHECK(faithful_trace(model, {image}).inputs[0].channels_last);
  InputSpec vector = shape({3});
  vector.channels_last = true;
  CHECK(usage(model, {vector}).find("nhwc is for tensors of rank 4") != std::string::npos);
}

TEST_CASE("run takes other values than the specifications'") {
  const Model model = model_of("def forward(self, x, n: int = 2):\n  return x * n\n");
  const graph::HostTensor input = *floats({2}, {1.5f, -2}).values;
  const auto outputs = model.run({shape({2}), number(int64_t{3})}, {input});
  REQUIRE(outputs);
  CHECK((*outputs)[0].as<float>()[0] == 4.5f);
  const auto without = model.run({}, {input});
  REQUIRE(without);
  CHECK((*without)[0].as<float>()[1] == -4.0f);
  CHECK_FALSE(model.run({shape({2})}, {input, input}));
  CHECK_FALSE(model.run({shape({2})}, {}));
}

TEST_CASE("bundled inputs stand in for specifications") {
  const Model model = model_of(
      "def get_all_bundled_inputs(self) -> List[Tuple[Tensor, int]]:\n"
      "  return [(torch.ones([2, 3]), 4)]\n"
      "def forward(self, x, n: int, s: float = 0.5):\n"
      "  return x * n + s\n");
  const Trace trace = faithful_trace(model, {});
  CHECK(port_names(trace) == "x");
  CHECK(std::get<int64_t>(trace.nodes[0].arguments[1].second.data) == 4);
  const auto inputs = model.example_inputs({});
  REQUIRE(inputs);
  CHECK((*inputs)[0].shape == graph::Shape{2, 3});
  CHECK(faithful_trace(model, {shape({5}), number(int64_t{7})}).inputs.size() == 1);
}

}  // namespace passerelle::torchscript::testing
