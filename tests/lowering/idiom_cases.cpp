// What well-known operators become: the operations that drivers look for, and no others.
#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

using Names = std::vector<std::string>;

Names become(const std::string& expression, const Shape& shape = {2, 6, 4, 5}, int level = 3) {
  return operations_of({"return " + expression, {{"x", shape}}}, level, false);
}

}  // namespace

TEST_CASE("Activations become NNAPI's own") {
  CHECK(become("torch.relu(x)") == Names{"RELU"});
  CHECK(become("torch.hardtanh(x)") == Names{"RELU1"});
  CHECK(become("torch.hardtanh(x, 0, 6)") == Names{"RELU6"});
  CHECK(become("torch.clamp(x, 0, 6)") == Names{"RELU6"});
  CHECK(become("torch.clamp(x, min=0)") == Names{"RELU"});
  CHECK(become("torch.clamp(x, -2, 3)") == Names{"MAXIMUM", "MINIMUM"});
  CHECK(become("torch.threshold(x, 0, 0)") == Names{"RELU"});
  CHECK(become("torch.leaky_relu(x)") == Names{"PRELU"});
  CHECK(become("torch.sigmoid(x)") == Names{"LOGISTIC"});
  CHECK(become("torch.tanh(x)") == Names{"TANH"});
  CHECK(become("torch.silu(x)") == Names{"LOGISTIC", "MUL"});
  CHECK(become("torch.hardswish(x)", {2, 6}, 4) == Names{"HARD_SWISH"});
  CHECK(become("torch.elu(x)", {2, 6}, 4) == Names{"ELU"});
  CHECK(become("torch.softmax(x, 1, None)") == Names{"SOFTMAX"});
  CHECK(become("torch.log_softmax(x, -1, None)") == Names{"LOG_SOFTMAX"});
  CHECK(become("torch.gelu(x)").size() == 16);
  CHECK(become("torch.gelu(x, approximate='tanh')") == Names{"MUL", "MUL", "ADD", "MUL", "LOGISTIC", "MUL"});
}

TEST_CASE("Arithmetic becomes one operation") {
  CHECK(become("x + 1") == Names{"ADD"});
  CHECK(become("torch.rsub(x, 1)") == Names{"SUB"});
  CHECK(become("torch.add(x, x, alpha=-1)") == Names{"SUB"});
  CHECK(become("x ** 2") == Names{"MUL"});
  CHECK(become("x ** 0.5") == Names{"SQRT"});
  CHECK(become("x ** -0.5") == Names{"RSQRT"});
  CHECK(become("torch.floor_divide(x, 2)") == Names{"DIV", "FLOOR"});
}

TEST_CASE("Selections become one operation") {
  CHECK(become("x[:, 1:3]") == Names{"SLICE"});
  CHECK(become("x[:, ::2]") == Names{"STRIDED_SLICE"});
  CHECK(become("torch.chunk(x, 2, 1)") == Names{"SPLIT"});
  CHECK(become("torch.split(x, [1, 5], 1)") == Names{"SLICE", "SLICE"});
  CHECK(become("torch.cat([x, x], 1)") == Names{"CONCATENATION"});
  CHECK(become("torch.flip(x, [3])") == Names{"GATHER"});
  CHECK(become("x[:, torch.tensor([2, 0])]") == Names{"GATHER"});
  CHECK(become("torch.constant_pad_nd(x, [1, 1])") == Names{"PAD"});
  CHECK(become("torch.constant_pad_nd(x, [1, 1], 0.5)") == Names{"PAD_V2"});
  CHECK(become("torch.reflection_pad2d(x, [1, 1, 1, 1])") == Names{"GATHER", "GATHER"});
}

TEST_CASE("Reductions become one operation") {
  CHECK(become("torch.mean(x, [2, 3])") == Names{"MEAN"});
  CHECK(become("torch.mean(x, [2, 3], True)") == Names{"MEAN"});
  CHECK(become("torch.sum(x, 1)") == Names{"REDUCE_SUM"});
  CHECK(become("torch.amax(x, 1)") == Names{"REDUCE_MAX"});
  CHECK(become("torch.max(x, 1)[0]") == Names{"REDUCE_MAX"});
  CHECK(become("torch.argmax(x, 1)") == Names{"ARGMAX"});
}

TEST_CASE("Shapes that stay become nothing") {
  CHECK(become("torch.relu(x.view([2, 6, 20]).view([2, 6, 4, 5]))") == Names{"RELU"});
  CHECK(become("torch.relu(x.transpose(1, 2).transpose(1, 2))") == Names{"RELU"});
  CHECK(become("torch.relu(x.expand([2, 6, 4, 5]))") == Names{"RELU"});
  CHECK(become("torch.relu(x[:, 0:6])") == Names{"RELU"});
}
