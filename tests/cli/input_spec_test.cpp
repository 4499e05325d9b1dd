// Every form of --input's SPEC, and what is none.
#include "input_spec.h"

#include <filesystem>

#include "catch.h"
#include "temporary.h"

using namespace passerelle;
using Catch::Matchers::ContainsSubstring;
using cli::parse_input_spec;
using cli::parse_input_specs;
using graph::ElementType;
using testing::TemporaryFolder;
using torchscript::InputSpec;

namespace {

InputSpec parsed(const std::string& text) {
  INFO(text);
  Expected<InputSpec> spec = parse_input_spec(text);
  if (!spec) FAIL(spec.error().message);
  return *std::move(spec);
}

std::string refusal(const std::string& text, ErrorKind kind = ErrorKind::usage) {
  INFO(text);
  Expected<InputSpec> spec = parse_input_spec(text);
  REQUIRE_FALSE(spec);
  CHECK(spec.error().kind == kind);
  return spec.error().message;
}

using Shape = std::vector<int64_t>;

/// A folder with .npy files, made the working directory.
class Files {
 public:
  Files() : before_(std::filesystem::current_path()) {
    graph::HostTensor tensor;
    tensor.shape = {1, 2, 3, 4};
    tensor.bytes.assign(24 * 4, 0);
    for (const char* name : {"a.npy", "a=b.npy", "a:b.npy", "a=b:c.npy", "int=3.npy", "1x3.npy", "x:nhwc.npy"})
      REQUIRE(graph::write_npy(folder_ / name, tensor));
    std::filesystem::current_path(folder_.path());
  }
  ~Files() { std::filesystem::current_path(before_); }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  std::filesystem::path before_;
};

}  // namespace

TEST_CASE("shapes") {
  InputSpec spec = parsed("1x3x224x224");
  CHECK(spec.shape == Shape{1, 3, 224, 224});
  CHECK(spec.name.empty());
  CHECK_FALSE(spec.values);
  CHECK_FALSE(spec.type);
  CHECK_FALSE(spec.channels_last);
  CHECK(spec.number.index() == 0);
  CHECK(parsed("7").shape == Shape{7});
  CHECK(parsed("1x1x1x1x1x1").shape == Shape(6, 1));
  CHECK(parsed("scalar").shape == Shape{});
}

TEST_CASE("names") {
  CHECK(parsed("x=1x3").name == "x");
  CHECK(parsed("x=1x3").shape == Shape{1, 3});
  CHECK(parsed("inputs.0=scalar").name == "inputs.0");
  CHECK(parsed("features.image=2:i64").name == "features.image");
  CHECK(parsed("int8=3").name == "int8");  // begins like a number, is none
  CHECK(parsed("interval=3x4").name == "interval");
}

TEST_CASE("dtypes") {
  struct Row {
    const char* suffix;
    ElementType type;
  };
  for (const Row& row :
       {Row{"f32", ElementType::float32}, Row{"f16", ElementType::float16}, Row{"f64", ElementType::float64},
        Row{"i8", ElementType::int8}, Row{"u8", ElementType::uint8}, Row{"i16", ElementType::int16},
        Row{"i32", ElementType::int32}, Row{"i64", ElementType::int64}, Row{"bool", ElementType::bool8}}) {
    CHECK(parsed("1x2:" + std::string(row.suffix)).type == row.type);
    CHECK(parsed("scalar:" + std::string(row.suffix)).type == row.type);
    CHECK(parsed("x=1x2:" + std::string(row.suffix)).type == row.type);
  }
}

TEST_CASE("quantized dtypes") {
  InputSpec spec = parsed("1x3x8x8:quint8,0.0078125,128");
  CHECK(spec.type == ElementType::quint8);
  CHECK(spec.quantization.scale == 0.0078125f);
  CHECK(spec.quantization.zero_point == 128);
  spec = parsed("x=4:qint8,1e-3,-128");
  CHECK(spec.name == "x");
  CHECK(spec.type == ElementType::qint8);
  CHECK(spec.quantization.scale == 1e-3f);
  CHECK(spec.quantization.zero_point == -128);
}

TEST_CASE("layout, in either order with a dtype") {
  CHECK(parsed("1x3x8x8:nhwc").channels_last);
  CHECK(parsed("1x3x8x8:NHWC").channels_last);
  CHECK(parsed("1x3:float16").type == ElementType::float16);
  CHECK(parsed("1x3:Int64").type == ElementType::int64);
  CHECK(parsed("1x3:QUInt8,0.5,3").quantization.zero_point == 3);
  for (const char* text : {"1x3x8x8:f16:nhwc", "1x3x8x8:nhwc:f16", "x=1x3x8x8:nhwc:f16"}) {
    CHECK(parsed(text).channels_last);
    CHECK(parsed(text).type == ElementType::float16);
  }
  InputSpec spec = parsed("1x3x8x8:nhwc:quint8,0.5,3");
  CHECK(spec.channels_last);
  CHECK(spec.quantization.zero_point == 3);
  CHECK(parsed("1x3x8x8:quint8,0.5,3:nhwc").channels_last);
}

TEST_CASE("numbers") {
  CHECK(std::get<int64_t>(parsed("int=3").number) == 3);
  CHECK(std::get<int64_t>(parsed("int=-9223372036854775808").number) == INT64_MIN);
  CHECK(std::get<double>(parsed("float=0.5").number) == 0.5);
  CHECK(std::get<double>(parsed("float=-1e-3").number) == -1e-3);
  CHECK(std::get<double>(parsed("float=2").number) == 2.0);
  CHECK(std::get<bool>(parsed("bool=true").number));
  CHECK_FALSE(std::get<bool>(parsed("bool=false").number));
  CHECK(std::get<bool>(parsed("bool=True").number));
  InputSpec spec = parsed("count=int=3");
  CHECK(spec.name == "count");
  CHECK(std::get<int64_t>(spec.number) == 3);
  CHECK_FALSE(spec.shape);
  CHECK(parsed("float=float=0.5").name == "float");
  CHECK(std::get<double>(parsed("float=float=0.5").number) == 0.5);
}

TEST_CASE("files") {
  Files files;
  auto has_values = [](const InputSpec& spec) {
    REQUIRE(spec.values);
    CHECK(spec.values->shape == graph::Shape{1, 2, 3, 4});
    CHECK_FALSE(spec.shape);
  };
  auto reads = [&](const std::string& text, const std::string& name) {
    InputSpec spec = parsed(text);
    CHECK(spec.name == name);
    CHECK_FALSE(spec.channels_last);
    has_values(spec);
  };
  reads("a.npy", "");
  reads("./a.npy", "");
  reads(files.folder() / "a.npy", "");
  reads("x=a.npy", "x");
  reads("x=" + (files.folder() / "a.npy"), "x");
  reads("1x3.npy", "");
  // = and : in paths
  reads("x=./a=b.npy", "x");
  reads("x=./a:b.npy", "x");
  reads("x=./a=b:c.npy", "x");
  reads("x=./int=3.npy", "x");
  reads("x=./x:nhwc.npy", "x");
  reads("./a=b.npy", "");
  reads("./a:b.npy", "");
  reads("./a=b:c.npy", "");

  InputSpec spec = parsed("x=./a=b:c.npy:u8:nhwc");
  has_values(spec);
  CHECK(spec.type == ElementType::uint8);
  CHECK(spec.channels_last);
  CHECK(parsed("a.npy:nhwc").channels_last);
  CHECK(parsed("a.npy:quint8,0.5,1").quantization.scale == 0.5f);
}

TEST_CASE("a file that can't be read is status 3, and named") {
  Files files;
  CHECK_THAT(refusal("missing.npy", ErrorKind::unreadable), ContainsSubstring("missing.npy': no such file"));
  CHECK_THAT(refusal("x=./missing", ErrorKind::unreadable), ContainsSubstring("./missing': no such file"));
}

TEST_CASE("text that is no SPEC is refused with what would be one") {
  for (const char* text :
       {"",      "x",   "x=",   "=",  "1x",  "x3",       "1xx3",      "1x3x",       "1,3,224,224", "[1,3]", "(1, 3)",
        "1 x 3", "1X3", "-1x3", "+1", "1.5", "scalarx3", "photo.png", "4294967296", "2147483648",  " 1x3"}) {
    CAPTURE(text);
    std::string message = refusal(text);
    CHECK_THAT(message,
               Catch::Matchers::StartsWith("--input " + std::string(text) + ": ") && ContainsSubstring("1x3x224x224"));
  }
  CHECK_THAT(refusal("1x0x3"), ContainsSubstring("dimension of 0"));
  CHECK_THAT(refusal("2147483647"), ContainsSubstring("4 GiB"));
  CHECK_THAT(refusal("65536x65536x65536x65536x65536"), ContainsSubstring("4 GiB"));
  CHECK_THAT(refusal("1073741824"), ContainsSubstring("4 GiB"));
  CHECK(parsed("1073741823").shape == Shape{1073741823});
  CHECK(parsed("1073741824:u8").shape == Shape{1073741824});
}

TEST_CASE("suffixes that don't exist or don't fit are refused") {
  CHECK_THAT(refusal("1x3:Single"), ContainsSubstring("':Single'") && ContainsSubstring(":f32"));
  CHECK_THAT(refusal("1x3:"), ContainsSubstring("suffix"));
  CHECK_THAT(refusal("1x3:nchw"), ContainsSubstring("':nchw'"));
  CHECK_THAT(refusal("1x3:f32:f16"), ContainsSubstring("two dtypes"));
  CHECK_THAT(refusal("1x3:f32:quint8,1,0"), ContainsSubstring("two dtypes"));
  CHECK_THAT(refusal("1x3x4x5:nhwc:nhwc"), ContainsSubstring("twice"));
  CHECK_THAT(refusal("1x3:nhwc"), ContainsSubstring("4 dimensions") && ContainsSubstring("has 2"));
  CHECK_THAT(refusal("scalar:nhwc"), ContainsSubstring("has 0"));
  CHECK_THAT(refusal("int=3:i64"), ContainsSubstring("int="));
}

TEST_CASE("quantized dtypes need a scale and a zero point that can be") {
  for (const char* suffix : {"quint8", "quint8,", "quint8,0.5", "qint8,1", "quint8,,", "quint8,x,0", "quint8,0,0",
                             "quint8,-1,0", "quint8,nan,0", "quint8,inf,0", "quint8,1e-45,0", "quint8,1e50,0"}) {
    CAPTURE(suffix);
    CHECK_THAT(refusal("1x3:" + std::string(suffix)), ContainsSubstring("scale"));
  }
  for (const char* suffix :
       {"quint8,1,", "quint8,1,-1", "quint8,1,256", "quint8,1,1.5", "quint8,1,0,0", "qint8,1,128", "qint8,1,-129"}) {
    CAPTURE(suffix);
    CHECK_THAT(refusal("1x3:" + std::string(suffix)), ContainsSubstring("zero point"));
  }
  CHECK_THAT(refusal("1x3:quint16,1,0"), ContainsSubstring("unknown suffix"));
}

TEST_CASE("numbers that are none are refused") {
  for (const char* text : {"int=", "int=x", "int=1.5", "int=9223372036854775808", "int=3 ", "int=1x3", "n=int="})
    CHECK_THAT(refusal(text), ContainsSubstring("int="));
  for (const char* text : {"float=", "float=x", "float=0.5f", "float=1x3"})
    CHECK_THAT(refusal(text), ContainsSubstring("float="));
  for (const char* text : {"bool=", "bool=1", "bool=yes", "bool=TRUE"})
    CHECK_THAT(refusal(text), ContainsSubstring("bool="));
}

TEST_CASE("several: all or the first error, and no name twice") {
  Expected<std::vector<InputSpec>> specs = parse_input_specs({"1x3", "x=2:i64", "int=3"});
  REQUIRE(specs);
  CHECK(specs->size() == 3);
  CHECK((*specs)[1].name == "x");
  CHECK(parse_input_specs({})->empty());
  CHECK_FALSE(parse_input_specs({"1x3", "nonsense"}));
  Expected<std::vector<InputSpec>> twice = parse_input_specs({"x=1", "x=2"});
  REQUIRE_FALSE(twice);
  CHECK_THAT(twice.error().message, ContainsSubstring("'x' was given before"));
}
