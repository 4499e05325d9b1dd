// .npy files: what NumPy writes, and what nobody should believe. The expected bytes follow NumPy's format description.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "passerelle/graph/converted.h"
#include "passerelle/graph/host_tensor.h"
#include "temporary.h"

using namespace passerelle;
using Catch::Matchers::ContainsSubstring;
using graph::ElementType;
using graph::HostTensor;
using graph::read_npy;
using testing::TemporaryFolder;

namespace {

const TemporaryFolder& folder() {
  static const TemporaryFolder folder;
  return folder;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string little_endian(uint64_t value, int bytes) {
  std::string result;
  for (int i = 0; i < bytes; ++i) result += static_cast<char>(value >> (8 * i));
  return result;
}

/// A file of the given version with this header text.
std::string npy(const std::string& header, const std::string& elements, int version = 1) {
  std::string text = "\x93NUMPY" + std::string{static_cast<char>(version), '\0'};
  return text + little_endian(header.size(), version == 1 ? 2 : 4) + header + elements;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

Expected<HostTensor> read(const std::string& bytes) {
  std::string path = folder() / "case.npy";
  std::ofstream(path, std::ios::binary) << bytes;
  return read_npy(path);
}

std::string refusal(const std::string& bytes) {
  Expected<HostTensor> tensor = read(bytes);
  REQUIRE_FALSE(tensor);
  CHECK(tensor.error().kind == ErrorKind::unreadable);
  CHECK_THAT(tensor.error().message, ContainsSubstring("case.npy"));
  return tensor.error().message;
}

template <typename T>
std::string elements(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
}

}  // namespace

TEST_CASE("each dtype is read as what it is") {
  struct Row {
    const char* descr;
    ElementType type;
    size_t bytes;
  };
  for (const Row& row :
       {Row{"<f4", ElementType::float32, 4}, Row{"<f8", ElementType::float64, 8}, Row{"<f2", ElementType::float16, 2},
        Row{"|i1", ElementType::int8, 1}, Row{"|u1", ElementType::uint8, 1}, Row{"<i2", ElementType::int16, 2},
        Row{"<i4", ElementType::int32, 4}, Row{"<i8", ElementType::int64, 8}, Row{"|b1", ElementType::bool8, 1},
        Row{"<u1", ElementType::uint8, 1}}) {
    CAPTURE(row.descr);
    std::string bytes(3 * row.bytes, '\1');
    Expected<HostTensor> tensor = read(npy(header(row.descr, "(3,)"), bytes));
    REQUIRE(tensor);
    CHECK(tensor->type == row.type);
    CHECK(tensor->shape == graph::Shape{3});
    CHECK(std::string(tensor->bytes.begin(), tensor->bytes.end()) == bytes);
  }
}

TEST_CASE("versions 1 to 3, any spacing and either quote") {
  for (int version : {1, 2, 3}) {
    CAPTURE(version);
    Expected<HostTensor> tensor = read(npy(header("<i2", "(2, 1)"), elements<int16_t>({-3, 4}), version));
    REQUIRE(tensor);
    CHECK(tensor->shape == graph::Shape{2, 1});
    CHECK(tensor->as<int16_t>()[0] == -3);
  }
  CHECK(read(npy("{\"shape\":(2L,),\"descr\":\"<i2\",\"fortran_order\":False}", elements<int16_t>({1, 2}))));
  CHECK(
      read(npy("  { 'shape' : ( 2 , ) , 'descr' : '<i2' , 'fortran_order' : False }   \n", elements<int16_t>({1, 2}))));
}

TEST_CASE("rank 0 and empty tensors") {
  Expected<HostTensor> scalar = read(npy(header("<f4", "()"), elements<float>({2.5f})));
  REQUIRE(scalar);
  CHECK(scalar->shape.empty());
  CHECK(*scalar->as<float>() == 2.5f);
  Expected<HostTensor> empty = read(npy(header("<f4", "(2, 0, 3)"), ""));
  REQUIRE(empty);
  CHECK(empty->shape == graph::Shape{2, 0, 3});
  CHECK(empty->bytes.empty());
  // The product before the 0 overflows, which does not matter.
  CHECK(read(npy(header("<f4", "(4294967295, 4294967295, 4294967295, 0)"), "")));
}

TEST_CASE("Fortran order becomes C order") {
  // 2x3: [[1 2 3] [4 5 6]] lies as 1 4 2 5 3 6.
  Expected<HostTensor> tensor = read(npy(header("<i2", "(2, 3)", "True"), elements<int16_t>({1, 4, 2, 5, 3, 6})));
  REQUIRE(tensor);
  CHECK(std::vector<int16_t>(tensor->as<int16_t>(), tensor->as<int16_t>() + 6) ==
        std::vector<int16_t>{1, 2, 3, 4, 5, 6});
  // 2x1x2: element (i, 0, k) lies at i + 2 k.
  tensor = read(npy(header("|u1", "(2, 1, 2)", "True"), elements<uint8_t>({10, 20, 11, 21})));
  REQUIRE(tensor);
  CHECK(tensor->bytes == std::vector<unsigned char>{10, 11, 20, 21});
}

TEST_CASE("bools that are neither 0 nor 1 become 1") {
  Expected<HostTensor> tensor = read(npy(header("|b1", "(3,)"), elements<uint8_t>({0, 1, 7})));
  REQUIRE(tensor);
  CHECK(tensor->bytes == std::vector<unsigned char>{0, 1, 1});
}

TEST_CASE("files that are something else, or damaged, are refused with a reason") {
  const std::string four_floats(16, '\0');
  const std::string good = npy(header("<f4", "(4,)"), four_floats);
  REQUIRE(read(good));
  CHECK_THAT(refusal(""), ContainsSubstring("not a .npy file"));
  CHECK_THAT(refusal("PK\x03\x04 a zip file"), ContainsSubstring("not a .npy file"));
  CHECK_THAT(refusal("\x93NUMPX" + good.substr(6)), ContainsSubstring("not a .npy file"));
  CHECK_THAT(refusal(good.substr(0, 7)), ContainsSubstring("not a .npy file"));
  CHECK_THAT(refusal(good.substr(0, 9)), ContainsSubstring("ends inside its header"));
  CHECK_THAT(refusal(good.substr(0, 30)), ContainsSubstring("ends inside its header"));
  CHECK_THAT(refusal(good.substr(0, good.size() - 1)), ContainsSubstring("shorter than the shape"));
  CHECK_THAT(refusal(good + "x"), ContainsSubstring("longer than the shape"));
  CHECK_THAT(refusal(npy(header("<f4", "(4,)"), four_floats, 4)), ContainsSubstring("version 4"));
  CHECK_THAT(refusal(npy(header("<f4", "(4,)"), four_floats, 0)), ContainsSubstring("version 0"));
}

TEST_CASE("dtypes that are no tensor's are refused by name") {
  const std::string bytes(64, '\0');
  CHECK_THAT(refusal(npy(header(">f4", "(4,)"), bytes)), ContainsSubstring("big-endian") && ContainsSubstring("'<f4'"));
  CHECK_THAT(refusal(npy(header("|O", "(4,)"), bytes)), ContainsSubstring("Python objects"));
  CHECK_THAT(refusal(npy(header("<c8", "(4,)"), bytes)), ContainsSubstring("'<c8'"));
  CHECK_THAT(refusal(npy(header("<u4", "(4,)"), bytes)), ContainsSubstring("'<u4'"));
  CHECK_THAT(refusal(npy(header("<U3", "(4,)"), bytes)), ContainsSubstring("'<U3'"));
  CHECK_THAT(refusal(npy(header("", "(4,)"), bytes)), ContainsSubstring("type ''"));
  CHECK_THAT(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,), }", bytes)),
             ContainsSubstring("structured"));
}

TEST_CASE("a hostile shape allocates nothing and overflows nothing") {
  for (const char* shape :
       {"(4294967295, 4294967295)", "(4294967295, 4294967295, 4294967295)", "(65536, 65536, 65536, 65536)",
        "(18446744073709551615,)", "(4294967296,)", "(4611686018427387905,)", "(1073741825,)"}) {
    CAPTURE(shape);
    CHECK_THAT(refusal(npy(header("<f4", shape), std::string(4, '\0'))), ContainsSubstring("shorter than the shape"));
  }
}

TEST_CASE("headers that are not NumPy's are refused") {
  const std::string bytes(16, '\0');
  for (const char* text : {"",
                           "{",
                           "}",
                           "{}",
                           "nonsense",
                           "{'descr': '<f4'}",
                           "{'descr': '<f4', 'fortran_order': False}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} more",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'extra': 1}",
                           "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4,)}",
                           "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (4,)}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': 4}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (4.0,)}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (4 4)}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                           "{'descr': '<f4, 'fortran_order': False, 'shape': (4,)}",
                           "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (4,)}",
                           "{'descr': '<f4' 'fortran_order': False, 'shape': (4,)}"}) {
    CAPTURE(text);
    CHECK_THAT(refusal(npy(text, bytes)), ContainsSubstring("header"));
  }
  std::string dimensions = "(";
  for (int i = 0; i < 65; ++i) dimensions += "1, ";
  CHECK_THAT(refusal(npy(header("<f4", dimensions + ")"), std::string(4, '\0'))), ContainsSubstring("header"));
}

TEST_CASE("a header's length is not believed") {
  std::string huge = "\x93NUMPY" + std::string{'\2', '\0'} + "\xff\xff\xff\xff";
  CHECK_THAT(refusal(huge), ContainsSubstring("a header of 4294967295 bytes"));
  std::string long_one = "\x93NUMPY" + std::string{'\2', '\0'} + little_endian(1000, 4) + "{";
  CHECK_THAT(refusal(long_one), ContainsSubstring("ends inside its header"));
}

TEST_CASE("any truncation and any altered header byte is refused or read, never worse") {
  const std::string good = npy(header("<f4", "(2, 2)"), std::string(16, '\1'));
  for (size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read(good.substr(0, size)));
  }
  for (size_t at = 0; at + 16 < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = good;
      altered[at] = static_cast<char>(altered[at] ^ (1 << bit));
      if (Expected<HostTensor> tensor = read(altered); tensor)
        CHECK(tensor->bytes.size() == graph::element_count(tensor->shape) * graph::byte_size(tensor->type));
    }
}

TEST_CASE("a missing file and a folder are refused") {
  Expected<HostTensor> missing = read_npy(folder() / "missing.npy");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::unreadable);
  CHECK_THAT(missing.error().message, ContainsSubstring("missing.npy': no such file"));
  Expected<HostTensor> directory = read_npy(folder().path());
  REQUIRE_FALSE(directory);
  CHECK_THAT(directory.error().message, ContainsSubstring("not a file"));
}

TEST_CASE("what is written is NumPy's format to the byte") {
  HostTensor tensor;
  tensor.type = ElementType::float32;
  tensor.shape = {2, 3};
  tensor.bytes.assign(24, 7);
  std::string path = folder() / "written.npy";
  REQUIRE(graph::write_npy(path, tensor));
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  std::string expected = "\x93NUMPY" + std::string{'\1', '\0', '\x76', '\0'} + dict +
                         std::string(117 - dict.size(), ' ') + "\n" + std::string(24, '\7');
  CHECK(content(path) == expected);
}

TEST_CASE("every type but bfloat16 comes back as it was written; quantized ones as their integers") {
  struct Row {
    ElementType written, read;
  };
  for (Row row : {Row{ElementType::float32, ElementType::float32}, Row{ElementType::float64, ElementType::float64},
                  Row{ElementType::float16, ElementType::float16}, Row{ElementType::int8, ElementType::int8},
                  Row{ElementType::uint8, ElementType::uint8}, Row{ElementType::int16, ElementType::int16},
                  Row{ElementType::int32, ElementType::int32}, Row{ElementType::int64, ElementType::int64},
                  Row{ElementType::bool8, ElementType::bool8}, Row{ElementType::quint8, ElementType::uint8},
                  Row{ElementType::qint8, ElementType::int8}, Row{ElementType::qint32, ElementType::int32}}) {
    for (const graph::Shape& shape : {graph::Shape{}, graph::Shape{5}, graph::Shape{1, 2, 3, 4}, graph::Shape{0, 3}}) {
      HostTensor tensor;
      tensor.type = row.written;
      tensor.shape = shape;
      tensor.bytes.resize(graph::element_count(shape) * graph::byte_size(row.written));
      for (size_t i = 0; i < tensor.bytes.size(); ++i) tensor.bytes[i] = row.written == ElementType::bool8 ? i % 2 : i;
      CAPTURE(graph::name(row.written), graph::to_string(shape));
      std::string path = folder() / "round.npy";
      REQUIRE(graph::write_npy(path, tensor));
      CHECK((content(path).size() - tensor.bytes.size()) % 64 == 0);
      Expected<HostTensor> back = read_npy(path);
      REQUIRE(back);
      CHECK(back->type == row.read);
      CHECK(back->shape == shape);
      CHECK(back->bytes == tensor.bytes);
    }
  }
}

TEST_CASE("bfloat16, which NumPy lacks, is written as float32") {
  HostTensor tensor;
  tensor.type = ElementType::bfloat16;
  tensor.shape = {3};
  tensor.bytes = {0x80, 0x3f, 0x20, 0xc0, 0x7f, 0x7f};  // 1, -2.5 and the greatest
  const std::string path = folder() / "bfloat16.npy";
  REQUIRE(graph::write_npy(path, tensor));
  Expected<HostTensor> back = read_npy(path);
  REQUIRE(back);
  REQUIRE(back->type == ElementType::float32);
  CHECK(back->as<float>()[0] == 1);
  CHECK(back->as<float>()[1] == -2.5f);
  CHECK(graph::converted(*back, ElementType::bfloat16).bytes == tensor.bytes);
}
