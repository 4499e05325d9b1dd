// The form that PyTorch's own NNAPI class reads: its arrays, word for word, and what is refused of others' words. That
// PyTorch reads it is seen by examples/fallback and by the command line's tests.
#include <cstring>
#include <random>

#include "catch.h"
#include "passerelle/stock/model.h"

using namespace passerelle;
using graph::Constant;
using graph::Module;
using graph::OperandId;
using nnapi::OperandType;
using nnapi::OperationType;

namespace {

int32_t bits(float value) {
  int32_t result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}

graph::Port port(const graph::Shape& shape) {
  graph::Port port;
  port.name = "port";
  port.shape = shape;
  return port;
}

/// y = relu(x + weights), of 3 elements or of many.
Module sum(uint32_t size) {
  Module module;
  module.origins.emplace_back();
  module.origins.back().op = "aten::add";
  module.origins.back().node = graph::NodeId{7};
  graph::Graph& graph = module.main();
  const graph::TensorType type{OperandType::TENSOR_FLOAT32, {size}, {}};
  const OperandId x = graph.add_operand(type);
  const OperandId weights = graph.add_constant(Constant::filled(0.5f, {size}));
  const OperandId y =
      graph.append(OperationType::ADD, {{"input1", x}, {"input2", weights}, {"activation", 1}}, type, 0);
  module.add_input(x, port({size}));
  module.add_output(y, port({size}));
  return module;
}

std::string flaw(const std::vector<int32_t>& words, const std::vector<uint64_t>& sizes) {
  return stock::flaw(words, sizes);
}

}  // namespace

TEST_CASE("the arrays stand one behind the other") {
  const stock::Model model = stock::serialise(sum(3));
  const std::vector<int32_t> expected = {
      1,          4,          2,          1, 1, 1,  // version; operands, values, operations, inputs, outputs
      3,          1,          0,          0,        // x: TENSOR_FLOAT32 of one dimension, scale, zero point
      3,          1,          0,          0,        // weights
      1,          0,          0,          0,        // the activation: INT32
      3,          1,          0,          0,        // y
      1,          0,          12,                   // weights: immediate, 12 bytes
      2,          0,          4,                    // the activation
      0,          3,          1,                    // ADD of three, giving one
      3,          3,          3,                    // dimensions of x, weights, y
      bits(0.5f), bits(0.5f), bits(0.5f), 1,        // values
      0,          1,          2,          3,        // what ADD takes and gives
      0,          3,                                // the model's input and output
  };
  CHECK(model.words == expected);
  CHECK(model.buffers.empty());
  CHECK(flaw(model.words, {}).empty());
}

TEST_CASE("what NNAPI would not copy at once is in a buffer") {
  const stock::Model model = stock::serialise(sum(64));
  REQUIRE(model.buffers.size() == 1);
  CHECK(model.buffers[0].size() == 256);
  CHECK(flaw(model.words, {256}).empty());
  CHECK(flaw(model.words, {255}) == "a value lies outside of its buffer");
  CHECK(flaw(model.words, {}) == "a value lies outside of its buffer");
  CHECK(stock::summary(model.words).operations == 1);
  CHECK_FALSE(stock::summary(model.words).in_integers);
}

TEST_CASE("words that do not end where they should are refused") {
  const std::vector<int32_t> words = stock::serialise(sum(64)).words;
  for (size_t size = 0; size < words.size(); ++size)
    CHECK_FALSE(flaw({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(size)}, {256}).empty());
  std::vector<int32_t> longer = words;
  longer.push_back(0);
  CHECK(flaw(longer, {256}) == "it does not end where its arrays do");
}

TEST_CASE("altered counts, indexes and places are refused or harmless") {
  const std::vector<int32_t> words = stock::serialise(sum(64)).words;
  std::mt19937 random(7);
  for (size_t place = 0; place < words.size(); ++place)
    for (int32_t value : {-1, 1 << 24, INT32_MAX, INT32_MIN, static_cast<int32_t>(random())}) {
      std::vector<int32_t> altered = words;
      altered[place] = value;
      // Types, codes, scales, zero points and sizes of dimensions are NNAPI's to judge.
      const bool counts = place < 6;
      if (counts) CHECK_FALSE(flaw(altered, {256}).empty());
      flaw(altered, {256});
    }
}

TEST_CASE("scales per channel and operands left out have no form") {
  Module module = sum(3);
  graph::Graph& graph = module.main();
  graph[graph.operations[0].operand("input2")].type.quantization.channel_scales = {1, 2, 3};
  const auto found = stock::obstacles(module);
  REQUIRE(found.size() == 1);
  CHECK(found[0].nodes == std::vector{graph::NodeId{7}});
  CHECK(found[0].message ==
        "it becomes ADD with weights quantized per channel, which PyTorch's own NNAPI class can't carry");
  Module without = sum(3);
  without.main().operations[0].argument("activation") = std::monostate{};
  CHECK(stock::obstacles(without).size() == 1);
  CHECK(stock::obstacles(sum(3)).empty());
}
