// What LibTorch would believe, to its harm: refused before it sees the archive.
#include <fstream>

#include "archive/code_check.h"
#include "archive/pickle_check.h"
#include "catch.h"
#include "models.h"
#include "zip.h"

namespace passerelle::torchscript::testing {
namespace {

using std::string_literals::operator""s;

Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const unsigned char*>(text.data()), text.size()}; }

/// Of "\x80\x02" + operations + "."; there is one storage, "0", of 16 bytes.
std::string flaw(const std::string& operations) {
  const std::string pickle = "\x80\x02" + operations + ".";
  const auto found = flaw_in_values(
      bytes_of(pickle), [](std::string_view key) { return key == "0" ? std::optional<uint64_t>(16) : std::nullopt; });
  return found.value_or("");
}

std::string text(const std::string& value) { return "X"s + static_cast<char>(value.size()) + "\0\0\0"s + value; }

std::string storage(const std::string& type, const std::string& key, const std::string& count) {
  return "(" + text("storage") + "ctorch\n" + type + "Storage\n" + text(key) + text("cpu") + count + "tQ";
}

/// A float tensor of the storage; numbers are pickled ones.
std::string tensor(const std::string& offset, const std::string& sizes, const std::string& strides,
                   const std::string& of = storage("Float", "0", "K\x04")) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + of + offset + "(" + sizes + "t(" + strides +
         "t\x89"
         "ccollections\nOrderedDict\n)RtR";
}

std::string flaw_in_ranges(const std::string& operations) {
  const std::string pickle = "\x80\x02" + operations + ".";
  return flaw_in_source_ranges(bytes_of(pickle)).value_or("");
}

std::string with_table(const std::string& source) {
  return text("FORMAT_WITH_STRING_TABLE") + "(" + text("a.py") + text("x = 1\n") + "t((K\x00("s + source +
         "K\x00K\x01tK\x00tt\x87"s;
}

}  // namespace

TEST_CASE("pickles that make a value are good") {
  CHECK(flaw(")").empty());
  CHECK(flaw("}(" + text("a") + "K\x01" + text("b") + "](NN\x88" + "eu").empty());
  CHECK(flaw("ctorch.jit._pickle\nbuild_intlist\n](K\x01K\x02"s + "e\x85R").empty());
  CHECK(flaw("c__torch__\nM\n)\x81}b").empty());
  CHECK(flaw(tensor("K\x00"s, "K\x02K\x02", "K\x02K\x01")).empty());
  CHECK(flaw(tensor("K\x03", "K\x01", "K\x01")).empty());
  CHECK(flaw(tensor("K\x03", "J\xff\xff\xff\x7f", "K\x00"s)).empty());  // expanded
  CHECK(flaw(tensor("K\x09", "K\x00"s, "K\x01")).empty());              // without elements
}

TEST_CASE("pickles that take what is not there") {
  CHECK(flaw("") == "does not make one value");
  CHECK(flaw("NN") == "does not make one value");
  CHECK(flaw("\x85") == "takes a value that was not given");
  CHECK(flaw("N(\x85") == "takes a value that was not given");
  CHECK(flaw("t") == "ends a list that did not begin");
  CHECK(flaw("N(NR") == "takes a value that was not given");
  CHECK(flaw("h\x05") == "names a value that was not kept");
  CHECK(flaw("Nr\xff\xff\xff\x7f") == "keeps more values than it has");
  CHECK(flaw("(Ne") == "adds to something that is no container");
  CHECK(flaw("}(Nu") == "has a dict with a key that has no value");
  CHECK(flaw("NNR") == "calls something that is no function");
  CHECK(flaw("X\xff\xff\xff\xff") == "ends too early");
  CHECK(flaw("a") == "has an operation that LibTorch does not know");
}

TEST_CASE("pickles without end") {
  CHECK(flaw("]q\x01(h\x01"
             "e") == "has a value that may hold itself");
  CHECK(flaw("]q\x01](h\x01"
             "e0") == "has an operation that LibTorch does not know");
  CHECK(flaw("]q\x01\x85q\x02h\x01(h\x02"
             "e") == "has a value that may hold itself");
  std::string nested = ")", doubled = ")";
  for (int i = 0; i < 100000; ++i) nested += "\x85";
  for (int i = 0; i < 60; ++i) doubled += "q\x01h\x01\x86";
  CHECK(flaw(nested) == "has values nested too deeply");
  CHECK(flaw(doubled) == "repeats values too often");
}

TEST_CASE("tensors lie within their storage, storages within their entry") {
  CHECK(flaw(tensor("K\x01", "K\x02K\x02", "K\x02K\x01")) == "has a tensor that reaches beyond its storage");
  CHECK(flaw(tensor("K\x00"s, "K\x02K\x02", "K\x03K\x01")) == "has a tensor that reaches beyond its storage");
  CHECK(flaw(tensor("J\xff\xff\xff\xff", "K\x01", "K\x01")) == "has a tensor that reaches beyond its storage");
  CHECK(flaw(tensor("K\x00"s, "K\x02", "J\xff\xff\xff\xff")) ==
        "has a tensor with a size or stride that is no number from 0 up");
  const std::string large = "\x8a\x08\0\0\0\0\0\0\0\x20"s;
  CHECK(flaw(tensor("K\x00"s, large + large, "K\x00K\x00"s)) ==
        "has a tensor with more elements than any machine can hold");
  CHECK(flaw(tensor("K\x00"s, "K\x02", "")) == "has a tensor with another number of strides than sizes, or too many");
  CHECK(flaw(storage("Float", "0", "K\x05")) == "has a storage of more bytes than the file has for it");
  CHECK(flaw(storage("Double", "0", "K\x03")) == "has a storage of more bytes than the file has for it");
  CHECK(flaw(storage("Float", "1", "K\x01")) == "names a storage that is not in the file");
  CHECK(flaw(storage("Float", "0", "J\xff\xff\xff\xff")) == "has a storage of a negative size");
  CHECK(flaw(storage("Flood", "0", "K\x01")) == "has a storage of an unknown type");
  CHECK(flaw(tensor("K\x00"s, "K\x01", "K\x01", storage("QInt8", "0", "K\x04"))) ==
        "has a tensor of another type than its storage");
  CHECK(flaw("ctorch.jit._pickle\nbuild_intlist\n](N"
             "e\x85R") == "has a list with an element of another type than the others");
}

TEST_CASE("quantized tensors have as many scales as channels") {
  const auto quantized = [](const std::string& quantization) {
    return "ctorch._utils\n_rebuild_qtensor\n(" + storage("QInt8", "0", "K\x10") + "K\x00(K\x08K\x02t(K\x02K\x01t("s +
           quantization +
           "t\x89"
           "ccollections\nOrderedDict\n)RtR";
  };
  const std::string scale(8, '\x3f');
  CHECK(flaw(quantized("ctorch\nper_tensor_affine\nG" + scale + "K\x00"s)).empty());
  CHECK(flaw(quantized("ctorch\nper_tensor_affine\nK\x01K\x00"s)) ==
        "calls a function with other arguments than it takes");
  const std::string four = tensor("K\x00"s, "K\x04", "K\x01"), two = tensor("K\x00"s, "K\x02", "K\x01");
  CHECK(flaw(quantized("ctorch\nper_channel_affine\n" + two + two + "K\x01")).empty());
  CHECK(flaw(quantized("ctorch\nper_channel_affine\n" + four + four + "K\x01")) ==
        "has a tensor with another number of scales or zero points than it has channels");
  CHECK(flaw(quantized("ctorch\nper_channel_affine\n" + two + two + "K\x02")) ==
        "has a tensor quantized along a dimension that it does not have");
}

TEST_CASE("source ranges name strings that exist") {
  CHECK(flaw_in_ranges(with_table("(](K\x01"
                                  "eK\x00K\x01t"s))
            .empty());
  CHECK(flaw_in_ranges(with_table("(](K\x02"
                                  "eK\x00K\x01t"s)) == "names a line of source that it does not have");
  CHECK(flaw_in_ranges(with_table("(](K\x01"
                                  "eK\x02K\x01t")) == "names a line of source that it does not have");
  CHECK(flaw_in_ranges(")") == "has no source ranges");  // LibTorch looks at the first
  CHECK(flaw_in_ranges("(N\x85t") == "has a source range in an unknown form");
}

TEST_CASE("code is nested as people write it") {
  const auto repeated = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  const auto line = [](const std::string& expression) { return "def f(x):\n  y = " + expression + "\n  return y\n"; };
  CHECK_FALSE(flaw_in_code(line(repeated("[", 100) + "1" + repeated("]", 100))));
  CHECK_FALSE(flaw_in_code(line("[" + repeated("x + 1, ", 100000) + "]")));
  CHECK_FALSE(flaw_in_code(line("'" + repeated("(", 100000) + "'")));
  CHECK_FALSE(flaw_in_code(repeated("x = x + 1\n", 100000)));
  for (const std::string& deep :
       {repeated("(", 100000) + "1" + repeated(")", 100000), "1" + repeated(" + 1", 100000),
        repeated("not ", 100000) + "x", "x" + repeated("[0]", 100000), "x" + repeated("()", 100000),
        repeated("-", 100000) + "1", "x" + repeated(".a", 100000), "1" + repeated(" + \\\n1", 100000),
        repeated("1 if x else ", 100000) + "1"})
    CHECK(flaw_in_code(line(deep)).value_or("").find("an expression nested too deeply (line ") != std::string::npos);
  std::string blocks = "def f(x):\n", branches = "  if x:\n    y = 1\n";
  for (int i = 1; i < 300; ++i) blocks += std::string(static_cast<size_t>(i), ' ') + "if x:\n";
  CHECK(flaw_in_code(blocks) == "has blocks nested too deeply (line 202)");
  CHECK(flaw_in_code(branches + repeated("  elif x:\n    y = 1\n", 1000)).value_or("").find("too many branches") !=
        std::string::npos);
}

TEST_CASE("attributes of classes have types") {
  const std::string begin =
      "class M(Module):\n  __parameters__ = [\"w\", ]\n  __annotations__ = []\n  w : Tensor\n  __constants__ : "
      "List[str]\n";
  CHECK_FALSE(flaw_in_code(begin + "  eps : Final[float] = 1.\n  __annotations__[\"0\"] = int\n"));
  CHECK_FALSE(flaw_in_code("class E(Enum):\n  A = 0\n"));
  CHECK_FALSE(
      flaw_in_code(begin + "  def f(self,\n    x: Tensor) -> Tensor:\n    y = x\n    return y\ndef g():\n  z = 1\n"));
  for (const char* line : {"  str = [\"w\"]\n", "  eps = 1\n", "  __buffers__ : Tensor\n", "  __buffers__ = 5\n"})
    CHECK(flaw_in_code(begin + line) == "has a class with an attribute without a type (line 6)");
}

TEST_CASE("a dtype that stands for nothing is refused before LibTorch looks it up") {
  const Model model = model_of("def forward(self, x):\n  return torch.quantize_per_tensor(x, 0.1, 0, 99)\n");
  const auto trace = model.trace({shape({2})});
  REQUIRE_FALSE(trace);
  CHECK(trace.error().message.find("its argument dtype is a number that stands for nothing") != std::string::npos);
}

TEST_CASE("an archive whose tensor reaches beyond its storage is damaged") {
  const auto load = [](const std::string& sizes) {
    const std::string data = "c__torch__\nM\n)\x81}(" + text("w") + tensor("K\x00"s, sizes, "K\x01") + "ub";
    const std::string path = temporary_file("beyond.pt");
    std::ofstream(path, std::ios::binary) << zip(
        {{"m/data.pkl", "\x80\x02" + data + "."},
         {"m/data/0", std::string(16, '\0')},
         {"m/constants.pkl", "\x80\x02)."},
         {"m/code/__torch__.py", "class M(Module):\n  w : Tensor\n  def forward(self, x):\n    return x + self.w\n"},
         {"m/version", "3\n"}});
    const auto model = Model::load(path);
    return model ? std::string() : model.error().message.substr(path.size() + 3);
  };
  CHECK(load("K\x04").empty());
  CHECK(load("K\x05") ==
        "is damaged: 'm/data.pkl' in it has a tensor that reaches beyond its storage; copy or download it again");
}

TEST_CASE("types that are nested without end, and enums without such a value") {
  const auto tagged = [](const std::string& type) {
    return flaw("ctorch.jit._pickle\nrestore_type_tag\n(]" + text(type) + "tR");
  };
  CHECK(tagged("List[Tuple[int, Dict[str, List[int]]]]").empty());
  CHECK(tagged(std::string(65, '(')) == "names a type that is too long or nested too deeply");
  Declarations declarations;
  declarations.read("class E(Enum):\n  A = 1\n  B = \"b\"\n", "__torch__.");
  const auto of_enum = [&](const std::string& value) {
    const std::string pickle = "\x80\x02" + ("c__torch__\nE\n(" + value) + "tR.";
    return flaw_in_values(
               bytes_of(pickle), [](std::string_view) { return std::nullopt; }, declarations)
        .value_or("");
  };
  CHECK(of_enum("K\x01").empty());
  CHECK(of_enum(text("b")).empty());
  CHECK(of_enum("K\x02") == "has a value that its enum lacks");
  CHECK(of_enum(text("x")) == "has a value that its enum lacks");
  CHECK(of_enum("NN") == "makes a value of an enum in an unknown way");
}

TEST_CASE("classes that LibTorch would not get to the end of") {
  const auto flaw_of = [](const std::string& code) {
    Declarations declarations;
    declarations.read(code, "__torch__.");
    return declarations.flaw().value_or("");
  };
  const std::string hooked = "class M(Module):\n  __forward_hooks__ = [\"hook\"]\n";
  CHECK(flaw_of(hooked + "  def hook(self: __torch__.M) -> int:\n    return 1\n").empty());
  CHECK(flaw_of(hooked + "  a : int\n") == "has a class, __torch__.M, with a hook that it lacks, 'hook'");
  const auto tuples = [](int count) {
    std::string code = "class N0(NamedTuple):\n  a : Tensor\n";
    for (int i = 1; i < count; ++i) {
      const std::string before = "__torch__.N" + std::to_string(i - 1);
      code += "class N" + std::to_string(i) + "(NamedTuple):\n  a : " + before + "\n  b : Optional[" + before + "]\n";
    }
    return code;
  };
  CHECK(flaw_of(tuples(10)).empty());
  CHECK(flaw_of(tuples(40)).find("stands for more than 100000 values") != std::string::npos);
  CHECK(flaw_of("class N(NamedTuple):\n  a : __torch__.N\n").empty());  // for LibTorch to refuse
}

TEST_CASE("what a __setstate__ may do") {
  const auto flaw_of = [](const std::string& lines, const std::string& other = "") {
    Declarations declarations;
    declarations.read("class M(Module):\n  a : int\n  def __setstate__(self: __torch__.M,\n    s: int) -> NoneType:\n" +
                          lines + "    return None\n" + other,
                      "__torch__.");
    return declarations.flaw().value_or("");
  };
  CHECK(flaw_of("    self.a = torch.len([s])\n    for i in range(10):\n      pass\n").empty());
  CHECK(flaw_of("    _0 = ops.quantized.linear_prepack(w, None)\n    ops.prim.RaiseException(\"no\")\n").empty());
  CHECK(flaw_of("    while True:\n      pass\n") == "has a __setstate__ that loops, or calls what loops");
  CHECK(flaw_of("    for i in range(99999999999):\n      pass\n") ==
        "has a __setstate__ that loops, or calls what loops");
  CHECK(flaw_of("    _0 = torch._embedding_bag_dense_backward(x)\n") ==
        "has a __setstate__ that calls aten::_embedding_bag_dense_backward, which is not on the list of what may run");
  const std::string loop = "  def again(self: __torch__.M) -> int:\n    while True:\n      pass\n    return 1\n";
  CHECK(flaw_of("    _0 = (self).again()\n", loop) == "has a __setstate__ that loops, or calls what loops");
  CHECK(flaw_of("", loop).empty());
}

TEST_CASE("a source that has as many lines as there are ranges in it is no repetition") {
  std::string lines, records;
  for (int i = 0; i < 6000; ++i) lines += "K\x01";
  const std::string source = "(](" + lines + "eK\x00K\x00tq\x01"s;
  for (int i = 0; i < 6000; ++i) records += "(K\x00("s + (i == 0 ? source : "h\x01") + "K\x00K\x01tK\x00t"s;
  CHECK(flaw_in_ranges(text("FORMAT_WITH_STRING_TABLE") + "(" + text("a.py") + text("x = 1\n") + "t(" + records +
                       "t\x87") == "");
}

}  // namespace passerelle::torchscript::testing
