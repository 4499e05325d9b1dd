#include "passerelle/blob/write.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "passerelle/blob/file.h"
#include "samples.h"
#include "temporary.h"

using namespace passerelle;
using namespace passerelle::blob_test;
using Catch::Matchers::ContainsSubstring;
using testing::TemporaryFolder;

namespace {

blob::File opened(const std::vector<unsigned char>& bytes) {
  auto file = blob::File::open({bytes.data(), bytes.size()});
  if (!file) FAIL(file.error().message);
  return *std::move(file);
}

std::vector<float> floats_of(const blob::File& file, const blob::Operand& operand) {
  std::vector<float> values(operand.byte_size / sizeof(float));
  if (operand.storage == blob::Storage::value) {
    std::memcpy(values.data(), operand.value, operand.byte_size);
  } else {
    const auto done =
        file.read(file.view().window(operand.window).offset + operand.offset, values.data(), operand.byte_size);
    REQUIRE(done);
  }
  return values;
}

std::vector<uint32_t> list(Span<const uint32_t> span) { return span.to_vector(); }

}  // namespace

TEST_CASE("a file with control flow has version 2, and tells what refers to what") {
  const auto bytes = written(branching_module());
  const auto parsed = blob::File::open({bytes.data(), bytes.size()});
  REQUIRE(parsed);
  const blob::View& view = parsed->view();
  CHECK(view.version_major() == 2);
  REQUIRE(view.subgraph_count() == 5);
  CHECK(view.has_control_flow());
  const blob::Operation branch = view.operation(0);
  CHECK(view.operand(branch.inputs[1]).subgraph == 3);
  CHECK(view.operand(branch.inputs[2]).subgraph == 4);
  const blob::SubgraphView body = view.subgraph(2);
  CHECK(body.input_count() == 3);
  CHECK(body.output_count() == 2);
  CHECK(std::string(body.operation(0).name) == "IF");
  const auto plain = written(sum_graph({counting({4})}));
  CHECK(blob::File::open({plain.data(), plain.size()})->view().version_major() == 1);
}

TEST_CASE("the same graph gives the same bytes") {
  const auto bytes = written(rich_graph());
  CHECK(bytes == written(rich_graph()));
  const TemporaryFolder folder;
  const std::string path = folder / "written.nnapi";
  const auto summary = blob::write(rich_graph(), options(), path);
  REQUIRE(summary);
  std::ifstream stream(path, std::ios::binary);
  const std::vector<unsigned char> on_disk{std::istreambuf_iterator<char>(stream), {}};
  CHECK(on_disk == bytes);
  CHECK(summary->file_size == bytes.size());
}

TEST_CASE("a file tells everything that its graph held") {
  const graph::Module module = rich_graph();
  const auto bytes = written(module);
  const blob::File file = opened(bytes);
  const blob::View& view = file.view();
  walk(view);
  CHECK(view.version_major() == 1);
  CHECK(view.version_minor() == 0);
  CHECK(view.producer() == std::string("test"));
  CHECK(view.file_size() == bytes.size());
  CHECK(view.feature_level() == 4);
  CHECK(view.relax_fp16());
  REQUIRE(view.operation_count() == module.main().operations.size());
  REQUIRE(view.input_count() == 5);
  REQUIRE(view.output_count() == 4);

  SECTION("ports") {
    const blob::Port x = view.input(0);
    CHECK(x.name == std::string("x"));
    CHECK(list(x.shape) == graph::Shape{1, 3, 8, 6});
    CHECK(list(view.operand(x.operand).dimensions) == graph::Shape{1, 8, 6, 3});
    CHECK(x.dtype == blob::Dtype::float32);
    CHECK(x.caller_layout == blob::Layout::as_pytorch);
    CHECK(x.nnapi_layout == blob::Layout::channels_last);
    const blob::Port image = view.input(1);
    CHECK(image.dtype == blob::Dtype::quint8);
    CHECK(image.scale == 0.5f);
    CHECK(image.zero_point == 128);
    const blob::Port count = view.input(4);
    CHECK(count.shape.empty());
    CHECK(count.dtype == blob::Dtype::int64);
    CHECK(view.operand(count.operand).type == nnapi::OperandType::TENSOR_INT32);
    CHECK(view.output(0).caller_layout == blob::Layout::channels_last);
    CHECK(view.output(3).name == std::string("output3"));
  }
  SECTION("operations, their scalars and constants") {
    const blob::Operation convolution = view.operation(0);
    CHECK(convolution.name == std::string("CONV_2D"));
    REQUIRE(convolution.inputs.size() == 10);
    CHECK(convolution.inputs[0] == view.input(0).operand);
    const blob::Operand filter = view.operand(convolution.inputs[1]);
    CHECK(filter.storage == blob::Storage::window);
    CHECK(floats_of(file, filter) == counting({16, 3, 3, 3}).floats());
    const blob::Operand bias = view.operand(convolution.inputs[2]);
    CHECK(bias.storage == blob::Storage::value);
    CHECK(floats_of(file, bias) == counting({16}).floats());
    CHECK(convolution.inputs[3] == convolution.inputs[8]);  // equal scalars are one operand
    const blob::Operand one = view.operand(convolution.inputs[3]);
    CHECK(one.type == nnapi::OperandType::INT32);
    int32_t integer;
    std::memcpy(&integer, one.value, sizeof integer);
    CHECK(integer == 1);
    const blob::Operand alpha = view.operand(view.operation(1).inputs[1]);
    CHECK(alpha.type == nnapi::OperandType::FLOAT32);
    float real;
    std::memcpy(&real, alpha.value, sizeof real);
    CHECK(real == 1.0f);
    const blob::Operation resize = view.operation(3);
    const blob::Operand half_pixel = view.operand(resize.inputs[5]);
    CHECK(half_pixel.type == nnapi::OperandType::BOOL);
    CHECK(half_pixel.byte_size == 1);
    CHECK(*static_cast<const unsigned char*>(half_pixel.value) == 1);
    CHECK(resize.inputs[3] == resize.inputs[4]);
  }
  SECTION("variadic and omitted arguments, several outputs") {
    const blob::Operation concatenation = view.operation(2);
    REQUIRE(concatenation.inputs.size() == 3);
    CHECK(concatenation.inputs[0] == view.operation(0).outputs[0]);
    CHECK(concatenation.inputs[1] == view.operation(1).outputs[0]);
    const blob::Operation svdf = view.operation(5);
    const blob::Operand omitted = view.operand(svdf.inputs[3]);
    CHECK(omitted.storage == blob::Storage::omitted);
    CHECK(omitted.value == nullptr);
    CHECK(omitted.byte_size == 0);
    CHECK(omitted.type == nnapi::OperandType::TENSOR_FLOAT32);
    REQUIRE(svdf.outputs.size() == 2);
    CHECK(svdf.outputs[1] == view.output(2).operand);
  }
  SECTION("quantization") {
    const blob::Operation convolution = view.operation(4);
    const blob::Operand filter = view.operand(convolution.inputs[1]);
    CHECK(filter.type == nnapi::OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL);
    CHECK(filter.scale == 0);
    CHECK(filter.channel_dimension == 3);
    CHECK(filter.channel_scales.to_vector() == std::vector<float>{0.5f, 0.25f, 0.125f, 1});
    CHECK(view.operand(convolution.outputs[0]).scale == 0.25f);
    CHECK(view.operand(convolution.outputs[0]).zero_point == 100);
  }
  SECTION("origins") {
    REQUIRE(view.has_origins());
    const blob::Origin origin = view.origin(1);
    CHECK(origin.op == std::string("aten::elu"));
    CHECK(origin.module_path == std::string("features.1"));
    CHECK(origin.user_file == std::string("réseau.py"));
    CHECK(origin.user_line == 11);
    CHECK(origin.innermost_file == std::string("torch/nn/modules/conv.py"));
    CHECK(origin.innermost_line == 447);
  }
}

TEST_CASE("Python numbers are kept, and make the file a 1.1") {
  blob::WriteOptions writing = options();
  CHECK(opened(written(rich_graph())).view().version_minor() == 0);
  CHECK(opened(written(rich_graph())).view().number_count() == 0);
  writing.numbers = {"times=int=3", "float=0.5"};
  const auto bytes = blob::write(rich_graph(), writing);
  REQUIRE(bytes);
  const blob::File file = opened(*bytes);
  CHECK(file.view().version_minor() == 1);
  REQUIRE(file.view().number_count() == 2);
  CHECK(file.view().number(0) == std::string("times=int=3"));
  CHECK(file.view().number(1) == std::string("float=0.5"));
}

TEST_CASE("origins can be left out") {
  blob::WriteOptions stripped = options();
  stripped.strip_origins = true;
  const auto bytes = written(rich_graph(), stripped);
  const std::string text(bytes.begin(), bytes.end());
  CHECK(text.find("features.") == std::string::npos);
  CHECK(text.find("aten::") == std::string::npos);
  const blob::File file = opened(bytes);
  CHECK_FALSE(file.view().has_origins());
  CHECK(file.view().origin(0).op == std::string());
}

TEST_CASE("equal constants are stored once, whatever views they are") {
  const graph::Constant matrix = counting({40, 40});
  const graph::Constant permuted = matrix.permuted({1, 0});
  const graph::Constant back = permuted.permuted({1, 0});
  blob::WriteSummary summary;
  const TemporaryFolder folder;
  const std::string path = folder / "written.nnapi";
  const auto result = blob::write(sum_graph({matrix, permuted, back, counting({40, 40})}), options(), path);
  REQUIRE(result);
  summary = *result;
  CHECK(summary.constants == 4);
  CHECK(summary.constant_bytes == 2 * 6400);
  CHECK(summary.shared_bytes == 2 * 6400);
  const auto file = blob::File::open(path);
  REQUIRE(file);
  const blob::View& view = file->view();
  const auto constant = [&](uint32_t operation) { return view.operand(view.operation(operation).inputs[1]); };
  CHECK(constant(0).offset == constant(2).offset);
  CHECK(constant(0).offset == constant(3).offset);
  CHECK(floats_of(*file, constant(1)) == permuted.floats());
  CHECK(file->verify_weights());
}

TEST_CASE("small constants lie in the head, and those of more than 128 bytes in a window") {
  const blob::WriteOptions choice = options();
  const auto small = written(sum_graph({counting({32})}), choice);
  CHECK(opened(small).view().window_count() == 0);
  const auto large = written(sum_graph({counting({33})}), choice);
  const blob::File file = opened(large);
  REQUIRE(file.view().window_count() == 1);
  CHECK(file.view().window(0).size == 33 * 4);
}

TEST_CASE("windows start on pages, constants on 64 bytes, and none crosses a window") {
  std::vector<graph::Constant> constants;
  for (int i = 0; i < 20; ++i)
    constants.push_back(counting({40}, static_cast<float>(i)));  // 160 bytes: 192 with padding
  blob::WriteOptions limited = options();
  limited.window_limit = 1000;  // five of them: 4 * 192 + 160
  const auto bytes = written(sum_graph(constants), limited);
  const blob::File file = opened(bytes);
  const blob::View& view = file.view();
  REQUIRE(view.window_count() == 4);
  for (uint32_t i = 0; i < view.window_count(); ++i) {
    CHECK(view.window(i).offset % 16384 == 0);
    CHECK(view.window(i).size == 4 * 192 + 160);
  }
  walk(view);
  for (uint32_t i = 0; i < view.operation_count(); ++i) {
    const blob::Operand constant = view.operand(view.operation(i).inputs[1]);
    CHECK(constant.offset % 64 == 0);
    CHECK(floats_of(file, constant) == constants[i].floats());
  }
  CHECK(file.verify_weights());
}

TEST_CASE("a constant larger than a window has one of its own") {
  blob::WriteOptions limited = options();
  limited.window_limit = 200;
  const auto bytes = written(sum_graph({counting({100}), counting({100}, 1)}), limited);
  const blob::File file = opened(bytes);
  REQUIRE(file.view().window_count() == 2);
  CHECK(file.view().window(0).size == 400);
}

TEST_CASE("weights of several megabytes are written as they read, permuted, converted or not") {
  const graph::Constant plain = counting({700, 600});
  const std::vector<graph::Constant> constants{
      plain, plain.permuted({1, 0}), plain.scaled(1, counting({600}).floats()),
      plain.reshaped({7, 100, 600}).permuted({1, 2, 0}).reshaped({100, 4200}),
      plain.converted(graph::ElementType::int32).converted(graph::ElementType::float32).reshaped({420000})};
  const auto bytes = written(sum_graph(constants), options());
  const blob::File file = opened(bytes);
  for (uint32_t i = 0; i < constants.size(); ++i) {
    const auto found = floats_of(file, file.view().operand(file.view().operation(i).inputs[1]));
    const auto expected = constants[i].floats();
    CHECK(std::memcmp(found.data(), expected.data(), expected.size() * sizeof(float)) == 0);
  }
  CHECK(file.verify_weights());
}

TEST_CASE("equal weights are stored once, however they came to be, and nearly equal ones are not") {
  std::vector<float> values = counting({700, 600}).floats();
  const graph::Constant first = graph::Constant::from(values, {700, 600});
  const graph::Constant again = graph::Constant::from(first.permuted({1, 0}).floats(), {600, 700}).permuted({1, 0});
  values[123456] += 1;  // far from both ends and from the middle
  const graph::Constant other = graph::Constant::from(values, {700, 600});
  const auto bytes = written(sum_graph({first, other, again, other.reshaped({420000})}), options());
  const blob::File file = opened(bytes);
  REQUIRE(file.view().window_count() == 1);
  CHECK(file.view().window(0).size == 2 * 420000 * sizeof(float));
  const auto offset = [&](uint32_t i) { return file.view().operand(file.view().operation(i).inputs[1]).offset; };
  CHECK(offset(0) == offset(2));
  CHECK(offset(1) == offset(3));
  CHECK(floats_of(file, file.view().operand(file.view().operation(1).inputs[1])) == values);
}

TEST_CASE("what the format has no numbers for is refused") {
  // Nothing is read before the size is known: the storage is one float, repeated.
  const auto one = std::make_shared<const std::vector<float>>(1, 1.0f);
  const graph::Constant huge(one, one->data(), graph::ElementType::float32, {1u << 15, 1u << 15}, {0, 0});
  graph::Module module = sum_graph({huge});
  const auto input = blob::write(module, options());
  REQUIRE_FALSE(input);
  CHECK(input.error().kind == ErrorKind::unsupported);
  CHECK_THAT(input.error().message,
             ContainsSubstring("input x") && ContainsSubstring("32768x32768") && ContainsSubstring("4 GiB"));
  module.main()[module.main().inputs[0]].type.shape = {1};
  const auto constant = blob::write(module, options());
  REQUIRE_FALSE(constant);
  CHECK_THAT(constant.error().message,
             ContainsSubstring("ADD") && ContainsSubstring("32768x32768") && ContainsSubstring("4 GiB"));
}

TEST_CASE("a file that cannot be written leaves nothing behind") {
  const auto result = blob::write(rich_graph(), options(), "/nonexistent/folder/x.nnapi");
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::unwritable);
}

TEST_CASE("a head with origins stays small") {
  // 400 operations with constants of their own: the head and all padding must fit into 48 KiB, less 1 % of the weights.
  std::vector<graph::Constant> constants;
  for (int i = 0; i < 400; ++i) constants.push_back(counting({64}, static_cast<float>(i)));
  graph::Module module = sum_graph(constants);
  module.origins.clear();
  for (size_t i = 0; i < module.main().operations.size(); ++i) {
    module.origins.push_back({"aten::add",
                              "features." + std::to_string(i) + ".block.conv",
                              {"model.py", int(i % 40)},
                              {"torch/nn/modules/module.py", int(i % 40)}});
    module.main().operations[i].origin = static_cast<uint32_t>(i);
  }
  const auto bytes = written(module);
  CHECK(bytes.size() - 400 * 64 * 4 <= 48 * 1024);
}

TEST_CASE("names that no file may hold are made plain") {
  graph::Module module = sum_graph({counting({4})});
  module.ports.inputs[0].name = "a\nb\xFF";
  blob::WriteOptions choice = options();
  choice.producer = "evil\x1b[2J";
  const auto bytes = written(module, choice);
  const blob::File file = opened(bytes);
  CHECK(file.view().input(0).name == std::string("a?b?"));
  CHECK(file.view().producer() == std::string("evil?[2J"));
}
