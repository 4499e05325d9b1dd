// Each RULE of schemas/model.fbs, broken alone through FlatBuffers' mutable accessors, is refused with its own reason.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "catch.h"
#include "mutable/model_generated.h"
#include "samples.h"

using namespace passerelle;
using namespace passerelle::blob_test;
using Catch::Matchers::ContainsSubstring;

namespace {

using flatbuffers::Vector;

/// The head of a file, the rich graph's mostly, to be changed in place.
class Head {
 public:
  explicit Head(const graph::Module& module = rich_graph()) : file_(written(module)), size_(head_size(file_)) {}

  format::Model& model() { return *format::GetMutableSizePrefixedModel(file_.data()); }
  format::Subgraph& subgraph(uint32_t index = 0) { return *model().mutable_subgraphs()->GetMutableObject(index); }
  format::Operand& operand(uint32_t index) { return *subgraph().mutable_operands()->GetMutableObject(index); }
  format::Operation& operation(uint32_t index) { return *subgraph().mutable_operations()->GetMutableObject(index); }
  format::Port& input(uint32_t index) { return *subgraph().mutable_inputs()->GetMutableObject(index); }
  format::Port& output(uint32_t index) { return *subgraph().mutable_outputs()->GetMutableObject(index); }
  format::Window& window() { return *model().mutable_windows()->GetMutableObject(0); }
  format::ChannelQuantization& channels() { return *model().mutable_channel_quantizations()->GetMutableObject(0); }
  /// The position of an operation's input in the pool of indexes.
  uint16_t input_of(uint32_t operation, uint32_t position) {
    return subgraph().indexes()->Get(subgraph().operations()->Get(operation)->first() + position);
  }
  void set_index(uint32_t operation, uint32_t position, uint16_t operand) {
    subgraph().mutable_indexes()->Mutate(subgraph().operations()->Get(operation)->first() + position, operand);
  }
  format::Operand& input_operand(uint32_t operation, uint32_t position) {
    return operand(input_of(operation, position));
  }

  Expected<blob::View> parse(blob::Failure* failure) const {
    return blob::View::parse({file_.data(), size_}, file_.size(), failure);
  }

 private:
  std::vector<unsigned char> file_;
  size_t size_;
};

struct Rule {
  const char* reason;
  std::function<void(Head&)> breaking;
};

void check_rules(const std::vector<Rule>& rules, const graph::Module& module = rich_graph()) {
  for (const Rule& rule : rules) {
    INFO("expected: " << rule.reason);
    Head head(module);
    REQUIRE(head.parse(nullptr));
    rule.breaking(head);
    blob::Failure failure = blob::Failure::none;
    const auto view = head.parse(&failure);
    CHECK_FALSE(view);
    if (view) continue;
    CHECK(failure == blob::Failure::damaged);
    CHECK(view.error().kind == ErrorKind::unreadable);
    CHECK_THAT(view.error().message, ContainsSubstring(rule.reason));
  }
}

constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float nothing = std::numeric_limits<float>::quiet_NaN();

uint8_t code(nnapi::OperandType type) { return static_cast<uint8_t>(type); }

// Operations of the rich graph, and positions among their inputs.
constexpr uint32_t convolution = 0, concatenation = 2, resize = 3, quantized_convolution = 4, svdf = 5;
constexpr uint32_t filter = 1, bias = 2, first_scalar = 3, omitted = 3, half_pixel = 5;

}  // namespace

TEST_CASE("rules on the frame") {
  check_rules({
      {"bytes instead of", [](Head& h) { h.model().mutate_file_size(h.model().file_size() + 1); }},
      {"no feature level 0", [](Head& h) { h.model().mutate_feature_level(0); }},
      {"no feature level 9", [](Head& h) { h.model().mutate_feature_level(9); }},
      {"producer", [](Head& h) { h.model().mutable_producer()->Mutate(0, '\n'); }},
      {"version cannot be read", [](Head& h) { h.model().mutate_version_major(0); }},
      {"window 0 is empty", [](Head& h) { h.window().mutate_size(0); }},
      {"window 0 overlaps", [](Head& h) { h.window().mutate_page(0); }},
      {"window 0 ends behind", [](Head& h) { h.window().mutate_page(UINT32_MAX); }},
      {"window 0 ends behind", [](Head& h) { h.window().mutate_size(h.window().size() + 1); }},
      {"last string has no end",
       [](Head& h) { h.model().mutable_strings()->Mutate(h.model().strings()->size() - 1, 'a'); }},
      {"no plain text", [](Head& h) { h.model().mutable_strings()->Mutate(0, 0x1B); }},
      {"no plain text", [](Head& h) { h.model().mutable_strings()->Mutate(0, 0xFF); }},
  });
}

TEST_CASE("a newer version is told from damage") {
  Head head;
  head.model().mutate_version_major(3);
  blob::Failure failure = blob::Failure::none;
  const auto view = head.parse(&failure);
  REQUIRE_FALSE(view);
  CHECK(failure == blob::Failure::newer);
  CHECK_THAT(view.error().message, ContainsSubstring("format version is 3"));
}

TEST_CASE("rules on types and shapes") {
  check_rules({
      {"unknown type 16", [](Head& h) { h.operand(0).mutate_type(16); }},
      {"unknown type 255", [](Head& h) { h.operand(0).mutate_type(255); }},
      {"is a model", [](Head& h) { h.operand(0).mutate_type(code(nnapi::OperandType::MODEL)); }},
      {"feature level lacks", [](Head& h) { h.model().mutate_feature_level(1); }},
      {"outside of the file's shapes", [](Head& h) { h.operand(0).mutate_dimensions(UINT32_MAX); }},
      {"has rank 9", [](Head& h) { h.model().mutable_dimensions()->Mutate(h.operand(0).dimensions(), 9); }},
      {"shape that is cut off",
       [](Head& h) {
         const uint32_t last = h.model().dimensions()->size() - 1;
         h.model().mutable_dimensions()->Mutate(last, 5);
         h.operand(0).mutate_dimensions(last);
       }},
      {"dimension of 0", [](Head& h) { h.model().mutable_dimensions()->Mutate(h.operand(0).dimensions() + 1, 0); }},
      {"4 GiB or more",
       [](Head& h) { h.model().mutable_dimensions()->Mutate(h.operand(0).dimensions() + 1, UINT32_MAX); }},
      {"tensor of rank 0",
       [](Head& h) { h.operand(0).mutate_dimensions(h.input_operand(convolution, first_scalar).dimensions()); }},
      {"is a scalar, but has a shape",
       [](Head& h) { h.input_operand(convolution, first_scalar).mutate_dimensions(h.operand(0).dimensions()); }},
  });
}

TEST_CASE("rules on values") {
  check_rules({
      {"is a scalar, but is not stored as one",
       [](Head& h) { h.input_operand(convolution, first_scalar).mutate_storage(format::Storage::value); }},
      {"is a scalar, but is not stored as one",
       [](Head& h) { h.input_operand(convolution, first_scalar).mutate_window(1); }},
      {"is a tensor, but is stored as a scalar",
       [](Head& h) { h.input_operand(convolution, bias).mutate_storage(format::Storage::scalar); }},
      {"stored in an unknown way", [](Head& h) { h.operand(0).mutate_storage(static_cast<format::Storage>(6)); }},
      {"neither 0 nor 1", [](Head& h) { h.input_operand(resize, half_pixel).mutate_value(2); }},
      {"out of its range", [](Head& h) { h.input_operand(resize, half_pixel).mutate_value(256); }},
      {"should have none", [](Head& h) { h.operand(0).mutate_value(4); }},
      {"window that it is not in", [](Head& h) { h.operand(0).mutate_window(1); }},
      {"too large for the head",
       [](Head& h) {
         h.input_operand(convolution, filter).mutate_storage(format::Storage::value);
         h.input_operand(convolution, filter).mutate_value(0);
       }},
      {"not aligned", [](Head& h) { h.input_operand(convolution, bias).mutate_value(2); }},
      {"outside of the file's values",
       [](Head& h) { h.input_operand(convolution, bias).mutate_value(UINT32_MAX - 3); }},
      {"outside of the file's values",
       [](Head& h) { h.input_operand(convolution, bias).mutate_value(h.model().values()->size() - 60); }},
      {"window that does not exist", [](Head& h) { h.input_operand(convolution, filter).mutate_window(1); }},
      {"reaches out of its window", [](Head& h) { h.input_operand(convolution, filter).mutate_value(UINT32_MAX); }},
      {"reaches out of its window", [](Head& h) { h.input_operand(convolution, filter).mutate_value(1); }},
      {"is omitted, but has a shape",
       [](Head& h) { h.input_operand(svdf, omitted).mutate_dimensions(h.operand(0).dimensions()); }},
      {"should have none", [](Head& h) { h.input_operand(svdf, omitted).mutate_value(1); }},
  });
}

TEST_CASE("rules on quantization") {
  const auto quantization = [](Head& h) -> format::Quantization& {
    return *h.model().mutable_quantizations()->GetMutableObject(
        h.input_operand(quantized_convolution, 0).quantization());
  };
  check_rules({
      {"quantization that does not exist", [](Head& h) { h.operand(0).mutate_quantization(UINT32_MAX); }},
      {"not a positive number", [=](Head& h) { quantization(h).mutate_scale(0); }},
      {"not a positive number", [=](Head& h) { quantization(h).mutate_scale(-1); }},
      {"not a positive number", [=](Head& h) { quantization(h).mutate_scale(infinite); }},
      {"not a positive number", [=](Head& h) { quantization(h).mutate_scale(nothing); }},
      {"zero point of 256", [=](Head& h) { quantization(h).mutate_zero_point(256); }},
      {"zero point of -1", [=](Head& h) { quantization(h).mutate_zero_point(-1); }},
      {"but is not quantized",
       [](Head& h) { h.operand(0).mutate_quantization(h.input_operand(quantized_convolution, 0).quantization()); }},
      {"per-channel scales that do not exist",
       [](Head& h) { h.input_operand(quantized_convolution, filter).mutate_quantization(1); }},
      {"no channel dimension 4", [](Head& h) { h.channels().mutate_dimension(4); }},
      {"4 per-channel scales for 1 channels", [](Head& h) { h.channels().mutate_dimension(2); }},
      {"not a positive number", [](Head& h) { h.channels().mutable_scales()->Mutate(1, 0); }},
      {"not a positive number", [](Head& h) { h.channels().mutable_scales()->Mutate(1, nothing); }},
  });
}

TEST_CASE("rules on operations") {
  check_rules({
      {"unknown type 106", [](Head& h) { h.operation(0).mutate_type(106); }},
      {"unknown type 65535", [](Head& h) { h.operation(0).mutate_type(65535); }},
      {"feature level lacks", [](Head& h) { h.operation(0).mutate_type(105); }},
      {"reserved", [](Head& h) { h.operation(0).mutate_reserved(1); }},
      {"has no output", [](Head& h) { h.operation(0).mutate_output_count(0); }},
      {"does not follow", [](Head& h) { h.operation(1).mutate_first(0); }},
      {"cut off", [](Head& h) { h.operation(6).mutate_input_count(65535); }},
      {"belong to no operation",
       [](Head& h) {
         h.operation(6).mutate_input_count(h.operation(6).input_count() - 1);
         h.set_index(6, 2, h.input_of(6, 3));
       }},
      {"does not exist", [](Head& h) { h.set_index(0, 0, 65535); }},
      {"before it is made", [](Head& h) { h.set_index(0, 0, h.input_of(concatenation, 1)); }},
      {"before it is made", [](Head& h) { h.set_index(1, 0, h.input_of(1, 2)); }},  // its own output
      {"has a value already", [](Head& h) { h.set_index(1, 2, h.input_of(1, 0)); }},
      {"has a value already", [](Head& h) { h.set_index(1, 2, h.input_of(0, 0)); }},
      {"has a value already", [](Head& h) { h.set_index(1, 2, h.input_of(0, filter)); }},
  });
}

TEST_CASE("rules on ports") {
  check_rules({
      {"input 0 has a name", [](Head& h) { h.input(0).mutable_name()->Mutate(0, '\t'); }},
      {"input 0 has a name", [](Head& h) { h.input(0).mutable_name()->Mutate(0, 0); }},
      {"two outputs have the name", [](Head& h) { h.output(1).mutable_name()->Mutate(6, '0'); }},
      {"operand that does not exist", [](Head& h) { h.input(4).mutate_operand(UINT32_MAX); }},
      {"value of its own", [](Head& h) { h.input(4).mutate_operand(h.input_of(convolution, bias)); }},
      {"cannot be one", [](Head& h) { h.output(3).mutate_operand(h.input(4).operand()); }},
      {"not as many elements", [](Head& h) { h.input(0).mutable_shape()->Mutate(0, 2); }},
      {"not as many elements", [](Head& h) { h.input(0).mutable_shape()->Mutate(0, 0); }},
      {"not as many elements", [](Head& h) { h.input(0).mutable_shape()->Mutate(0, UINT32_MAX); }},
      {"another shape",
       [](Head& h) {
         h.input(0).mutable_shape()->Mutate(2, 6);
         h.input(0).mutable_shape()->Mutate(3, 8);
       }},
      {"unknown dtype", [](Head& h) { h.input(1).mutate_dtype(static_cast<format::Dtype>(13)); }},
      {"unknown layout", [](Head& h) { h.input(0).mutate_nnapi_layout(static_cast<format::Layout>(2)); }},
      {"not a positive number", [](Head& h) { h.input(1).mutate_scale(nothing); }},
      {"but is not quantized", [](Head& h) { h.input(1).mutate_dtype(format::Dtype::uint8); }},
  });
}

TEST_CASE("rules on origins") {
  const auto origins = [](Head& h) -> format::Origins& { return *h.subgraph().mutable_origins(); };
  check_rules({
      {"string that does not exist",
       [=](Head& h) { origins(h).mutable_calls()->GetMutableObject(0)->mutate_op(UINT32_MAX); }},
      {"string that does not exist",
       [=](Head& h) { origins(h).mutable_calls()->GetMutableObject(0)->mutate_user_file(1); }},
      {"origin does not exist",
       [=](Head& h) { origins(h).mutable_operations()->GetMutableObject(0)->mutate_call(1000); }},
      {"origin does not exist",
       [=](Head& h) { origins(h).mutable_operations()->GetMutableObject(0)->mutate_module_path(3); }},
  });
}

TEST_CASE("rules on subgraphs") {
  // Operands are numbered as they are met: of the model its inputs 0 and 1, the models of IF 2 and 3, its output 4.
  const auto refer = [](Head& h, uint32_t operand, uint32_t subgraph) { h.operand(operand).mutate_value(subgraph); };
  check_rules(
      {
          {"it has 5 subgraphs instead of 1", [](Head& h) { h.model().mutate_version_major(1); }},
          {"refers to subgraph 0", [=](Head& h) { refer(h, 2, 0); }},
          {"refers to subgraph 5", [=](Head& h) { refer(h, 2, 5); }},
          {"other types than its models take", [=](Head& h) { refer(h, 2, 2); }},
          {"is not stored as one", [](Head& h) { h.operand(2).mutate_storage(format::Storage::scalar); }},
          {"formal input has an operand that does not exist",
           [](Head& h) { h.subgraph(3).mutable_formal_inputs()->Mutate(0, 100); }},
          {"formal output has an operand that cannot be one",
           [](Head& h) { h.subgraph(3).mutable_formal_outputs()->Mutate(0, h.subgraph(3).formal_inputs()->Get(0)); }},
          {"formal input has an operand that cannot be one",
           [](Head& h) { h.subgraph(2).mutable_formal_inputs()->Mutate(1, h.subgraph(2).formal_inputs()->Get(0)); }},
          {"reads a model", [](Head& h) { h.set_index(0, 3, h.input_of(0, 1)); }},
          {"does not refer to a model", [](Head& h) { h.set_index(0, 1, h.input_of(0, 3)); }},
          {"has a condition that is none", [](Head& h) { h.set_index(0, 0, 1); }},
      },
      branching_module());
}
