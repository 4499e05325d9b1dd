// Files that are models, and files that are not.
#include <ATen/ATen.h>
#include <torch/version.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "catch.h"
#include "models.h"
#include "zip.h"

namespace passerelle::torchscript::testing {
namespace {

using namespace std::string_literals;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string error_of(const std::string& path) {
  const Expected<Model> model = Model::load(path);
  if (model) return "no error";
  CHECK(model.error().kind == ErrorKind::unreadable);
  CHECK(model.error().message.find('\n') == std::string::npos);
  CHECK(model.error().message.find(path) != std::string::npos);
  return model.error().message;
}

bool says(const std::string& message, const std::string& part) {
  INFO(message);
  CHECK(message.find(part) != std::string::npos);
  return message.find(part) != std::string::npos;
}

std::string good_archive() {
  return read(saved_model("def forward(self, x):\n  return x * self.w + 1\n",
                          [](torch::jit::Module& m) { m.register_parameter("w", at::ones({64}), false); }));
}

}  // namespace

TEST_CASE("a good archive loads") { CHECK(Model::load(written("good.pt", good_archive()))); }

TEST_CASE("files that are not there, or nothing") {
  says(error_of(temporary_file("absent.pt")), "no such file");
  says(error_of(std::filesystem::temp_directory_path().string()), "it is a folder");
  says(error_of(written("empty.pt", "")), "the file is empty");
}

TEST_CASE("files of other kinds are named") {
  says(error_of(written("a.pt", "import torch\nmodel = 3\n")), "is a text file");
  says(error_of(written("b.pt",
                        "\x08\x07\x12\x07pytorch\x1a\x03"
                        "1.9:\x80\x01"s)),
       "looks like an ONNX model");
  says(error_of(written("c.pt", "\x20\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\"}}            "s)), "safetensors");
  says(error_of(written("d.pt", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")),
       "torch.save in its old format");
  says(error_of(written("e.pt", "\x80\x04\x95 and so on")), "is a Python pickle");
  says(error_of(written("f.pt", "\x1c\0\0\0TFL3"s)), "TensorFlow Lite");
  says(error_of(written("g.pt", "\x1c\0\0\0PTMF"s)), "PyTorch Mobile");
  says(error_of(written("h.pt", "\x93NUMPY\x01")), "is a NumPy array");
  says(error_of(written("i.pt", "\x7f\x01\x02\xff\0\0\x03"s)), "is not a TorchScript archive");
  says(error_of(written("j.pt", "version https://git-lfs.github.com/spec/v1\n")), "is a Git LFS pointer");
}

TEST_CASE("zip files of other kinds are named") {
  says(error_of(
           written("k.pt", zip({{"archive/data.pkl", "x"}, {"archive/data/0", "0123"}, {"archive/version", "3\n"}}))),
       "was saved by torch.save");
  says(error_of(written("l.pt", zip({{"m/bytecode.pkl", "x"}, {"m/version", "3\n"}}))), "PyTorch Mobile's interpreter");
  says(error_of(written("m.pt", zip({{"arr_0.npy", "x"}}))), "NumPy .npz");
  says(error_of(written("n.pt", zip({{"word/document.xml", "x"}}))), "is a zip file, but not");
  says(error_of(written("o.pt", zip({{"serialized_exported_program.json", "{}"}}))),
       "saved by torch.export, whose archives can't be read yet; how TorchScript, which can, is made of one stands in "
       "docs/cli.md");
  says(error_of(written("o.pt", zip({{"m/models/model.json", "{}"}, {"m/version", "3"}}))), "saved by torch.export");
}

TEST_CASE("an archive of a newer file format is refused with its version") {
  const std::string path = written(
      "newer.pt",
      zip({{"m/data.pkl", "x"}, {"m/constants.pkl", "x"}, {"m/code/__torch__.py", "x"}, {"m/version", "4711\n"}}));
  const std::string message = error_of(path);
  says(message, "newer PyTorch");
  says(message, "4711");
}

TEST_CASE("code that this LibTorch can't compile is refused with its place") {
  const std::string path = archive_of(
      "nonsense.pt", "class M(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    return torch.relu(x, x, x)\n");
  const std::string message = error_of(path);
  says(message, "was saved by a PyTorch before 2.1, and calls an operator in a form that LibTorch ");
  says(message, "code/__torch__.py line 3");
}

TEST_CASE("what an archive tells of the PyTorch that saved it") {
  const auto writer = [](const std::string& version, bool says_byteorder) {
    std::vector<std::pair<std::string, std::string>> entries = {{"m/data.pkl", "\x80\x02}."},
                                                                {"m/constants.pkl", "\x80\x02)."},
                                                                {"m/code/__torch__.py", "nonsense"},
                                                                {"m/version", version}};
    if (says_byteorder) entries.push_back({"m/byteorder", "little"});
    return error_of(written("writer.pt", zip(entries)));
  };
  says(writer("2\n", false), "was saved by a PyTorch of 2019 or 2020");
  says(writer("3\n", false), "was saved by a PyTorch before 2.1, and LibTorch ");
  says(writer("3\n", true), "was saved by PyTorch 2.1 or later, and LibTorch ");
  const Expected<Model> own = Model::load(written("own.pt", good_archive()));
  REQUIRE(own);
  CHECK(own->written_by() == (TORCH_VERSION_MAJOR < 2 ? "a PyTorch before 2.1" : "PyTorch 2.1 or later"));
}

TEST_CASE("truncated archives are refused") {
  const std::string good = good_archive();
  for (size_t size : {good.size() - 1, good.size() / 2, size_t{64}, size_t{5}, size_t{4}})
    says(error_of(written("truncated.pt", good.substr(0, size))), "'");
}

// Padding and time stamps may change without harm; then the model must be the same.
TEST_CASE("bit flips are refused, or harmless") {
  const std::string good = good_archive();
  const Expected<Model> model = Model::load(written("good.pt", good));
  REQUIRE(model);
  const std::vector<InputSpec> specs{shape({2, 64})};
  const std::string listing = to_text(any_trace(*model, specs));
  const auto inputs = model->example_inputs(specs);
  const auto outputs = model->run(specs, *inputs);
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    const size_t at = random() % bad.size();
    bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
    const std::string path = written("flipped.pt", bad);
    const Expected<Model> damaged = Model::load(path);
    if (!damaged) {
      CHECK(damaged.error().kind == ErrorKind::unreadable);
      ++refused;
      continue;
    }
    const auto again = damaged->run(specs, *inputs);
    REQUIRE(again);
    CHECK((*again)[0].bytes == (*outputs)[0].bytes);
    CHECK(to_text(any_trace(*damaged, specs)) == listing);
  }
  CHECK(refused > 100);
}

TEST_CASE("a module without forward is refused") {
  says(error_of(saved_model("def predict(self, x):\n  return x\n")), "without a forward method");
}

TEST_CASE("operators that this LibTorch lacks are reported where they are used") {
  const std::string code =
      "class M(Module):\n"
      "  def forward(self, x: Tensor) -> Tensor:\n"
      "    y = torch.relu(x)\n"
      "    z = ops.nowhere.frobnicate(y, 3)\n"
      "    w = ops.torchvision.roi_align(z, y, 0.5, 1, 1, 1, False)\n"
      "    v = ops.elsewhere.twist(x)\n"
      "    return torch.add(torch.add(z, w), v)\n";
  const std::string path = archive_of("foreign.pt", code);
  const Expected<Model> model = Model::load(path);
  if (!model) FAIL(model.error().message);
  const Trace trace = any_trace(*model, {shape({2, 2})});
  CHECK(reasons(trace) == "unknown-operator unknown-operator unknown-operator");
  CHECK(trace.diagnostics[0].op == "nowhere::frobnicate");
  CHECK(trace.diagnostics[0].origin.user.line == 4);
  CHECK(trace.diagnostics[1].op == "torchvision::roi_align");
  CHECK(trace.diagnostics[2].op == "elsewhere::twist");
  CHECK(trace.outputs.empty());
  CHECK(operators(trace) == "aten::relu");
}

TEST_CASE("operators of newer PyTorch and of torchvision that are computed here") {
  const Model attention = model_of(
      "def forward(self, x):\n"
      "  a = torch.scaled_dot_product_attention(x, x, x)\n"
      "  b = torch.scaled_dot_product_attention(x, x, x, None, 0., True)\n"
      "  c = torch.scaled_dot_product_attention(x, x, x, torch.ones([3, 3], dtype=11).tril())\n"
      "  reference = torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)) / 2., 2), x)\n"
      "  return a - reference, b - c, torch.rms_norm(x, [4])\n");
  const std::vector<InputSpec> specs{shape({2, 3, 4})};
  faithful_trace(attention, specs);
  const auto outputs = attention.run(specs, *attention.example_inputs(specs));
  REQUIRE(outputs);
  for (size_t output : {0, 1})
    for (size_t i = 0; i < 24; ++i) CHECK(std::abs((*outputs)[output].as<float>()[i]) < 1e-6f);

  const Expected<Model> loaded = Model::load(archive_of("boxes.pt",
                                                        "class M(Module):\n"
                                                        "  def forward(self, b: Tensor, s: Tensor) -> Tensor:\n"
                                                        "    return ops.torchvision.nms(b, s, 0.5)\n"));
  if (!loaded) FAIL(loaded.error().message);
  const Model& boxes = *loaded;
  const std::vector<InputSpec> two{floats({3, 4}, {0, 0, 2, 2, 0, 0, 2, 1.9f, 5, 5, 6, 6}),
                                   floats({3}, {0.5f, 0.9f, 0.1f})};
  CHECK(reasons(any_trace(boxes, two)) == "dynamic-shape");
  const auto kept = boxes.run(two, *boxes.example_inputs(two));
  REQUIRE(kept);
  REQUIRE((*kept)[0].shape == graph::Shape{2});
  CHECK((*kept)[0].as<int64_t>()[0] == 1);
  CHECK((*kept)[0].as<int64_t>()[1] == 2);
}

TEST_CASE("operators that touch files run neither while loading nor later") {
  const std::string target = temporary_file("written_by_model");
  const std::string forward =
      "  def forward(self, x: Tensor) -> Tensor:\n"
      "    _0 = torch.save(x, \"" +
      target +
      "\")\n"
      "    return torch.add(x, torch.from_file(\"/etc/hostname\", None, 1))\n";
  const Expected<Model> model = Model::load(archive_of("saves.pt", "class M(Module):\n" + forward));
  if (!model) FAIL(model.error().message);
  CHECK(reasons(any_trace(*model, {shape({2})})) == "unknown-operator unknown-operator");
  CHECK_FALSE(model->run({shape({2})}, *model->example_inputs({shape({2})})));

  const std::string setstate =
      "  def __getstate__(self) -> NoneType:\n"
      "    return None\n"
      "  def __setstate__(self, state: NoneType) -> NoneType:\n"
      "    _0 = torch.save(torch.ones([2]), \"" +
      target +
      "\")\n"
      "    return None\n";
  says(error_of(archive_of("saves_early.pt", "class M(Module):\n" + setstate + forward, "N")), "aten::save");
  CHECK_FALSE(std::filesystem::exists(target));
}

}  // namespace passerelle::torchscript::testing
