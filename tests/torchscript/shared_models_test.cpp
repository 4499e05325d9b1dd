// Real models: traced without a diagnostic, replayed, and compared with the outputs that came with them.
#include <filesystem>

#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

struct SharedModel {
  const char* folder;
  const char* file;
  std::vector<const char*> outputs;
};

const SharedModel shared_models[] = {
    {"selfie_segmentation", "model.pt", {"output0.npy"}},
    {"selfie_segmentation", "model.scripted.pt", {"output0.npy"}},
    {"selfie_segmentation", "model.int8.pt", {"output0.int8.npy"}},
    {"selfie_segmentation", "model.int8.scripted.pt", {"output0.int8.npy"}},
    {"selfie_segmentation", "model.int8_per_channel.pt", {"output0.int8_per_channel.npy"}},
    {"selfie_segmentation", "model.int8_per_channel.scripted.pt", {"output0.int8_per_channel.npy"}},
    {"selfie_segmentation_landscape", "model.pt", {"output0.npy"}},
    {"selfie_segmentation_landscape", "model.scripted.pt", {"output0.npy"}},
    {"mobilenet_v2_imagenet", "model.pt", {"output0.npy"}},
    {"mobilenet_v2_imagenet", "model.int8.pt", {"output0.int8.npy"}},
    {"mobilenet_v2_imagenet", "model.int8_per_channel.pt", {"output0.int8_per_channel.npy"}},
    {"face_detector", "model.pt", {"output0.npy", "output1.npy"}},
    {"face_detector", "model.scripted.pt", {"output0.npy", "output1.npy"}},
    {"upscaler_x2", "model.pt", {"output0.npy"}},
    {"upscaler_x2", "model.scripted.pt", {"output0.npy"}},
    {"text_classifier", "model-reddit16-f140225004_2.pt1", {"output0.npy"}},
};

graph::HostTensor npy(const std::string& path) {
  Expected<graph::HostTensor> tensor = graph::read_npy(path);
  if (!tensor) FAIL(tensor.error().message);
  return *std::move(tensor);
}

void check_close(const graph::HostTensor& actual, const graph::HostTensor& expected) {
  REQUIRE(actual.type == expected.type);
  REQUIRE(actual.shape == expected.shape);
  CHECK(are_close(actual, expected, 1e-4f));
}

}  // namespace

TEST_CASE("the shared models are traced faithfully and give the outputs that came with them", "[shared]") {
  const std::string shared = shared_folder();
  if (shared.empty()) SKIP(no_shared_models);
  for (const SharedModel& row : shared_models) {
    const std::string folder = shared + "/models/" + row.folder + "/";
    INFO(row.folder << "/" << row.file);
    const Expected<Model> model = Model::load(folder + row.file);
    if (!model) FAIL(model.error().message);
    InputSpec input;
    input.values = npy(folder + "input0.npy");
    const Trace trace = faithful_trace(*model, {input});
    CHECK(trace.outputs.size() == row.outputs.size());
    const auto outputs = model->run({input}, {*input.values});
    REQUIRE(outputs);
    REQUIRE(outputs->size() == row.outputs.size());
    for (size_t i = 0; i < row.outputs.size(); ++i) check_close((*outputs)[i], npy(folder + row.outputs[i]));
  }
}

TEST_CASE("traced and scripted forms of a model give the same operators", "[shared]") {
  const std::string shared = shared_folder();
  if (shared.empty()) SKIP(no_shared_models);
  for (const char* name : {"selfie_segmentation", "face_detector", "upscaler_x2"}) {
    const std::string folder = shared + "/models/" + name + "/";
    InputSpec input;
    input.values = npy(folder + "input0.npy");
    std::vector<std::string> forms;
    for (const char* file : {"model.pt", "model.scripted.pt"}) {
      const Expected<Model> model = Model::load(folder + file);
      REQUIRE(model);
      forms.push_back(operators(any_trace(*model, {input})));
      // The tracer of PyTorch writes _convolution where a script says conv2d.
      for (const char* other : {"aten::_convolution", "aten::conv_transpose2d"})
        for (size_t at; (at = forms.back().find(other)) != std::string::npos;)
          forms.back().replace(at, std::string(other).size(), "aten::conv2d");
    }
    CHECK(forms[0] == forms[1]);
  }
}

TEST_CASE("an archive of 2019 whose packed parameters are tensors is refused in a sentence", "[shared]") {
  const std::string shared = shared_folder();
  if (shared.empty()) SKIP(no_shared_models);
  const auto model = Model::load(shared + "/models/mobilenet_v2_imagenet/mobilenet_quantized_scripted_925.pt");
  REQUIRE_FALSE(model);
  CHECK(model.error().kind == ErrorKind::unreadable);
  CHECK(model.error().message.find("was saved by a PyTorch of 2019 or 2020 (archive version 1)") != std::string::npos);
  CHECK(model.error().message.find('\n') == std::string::npos);
}

TEST_CASE("packed parameters are lists of their contents", "[shared]") {
  const std::string shared = shared_folder();
  if (shared.empty()) SKIP(no_shared_models);
  const Expected<Model> model = Model::load(shared + "/models/mobilenet_v2_imagenet/model.int8_per_channel.pt");
  REQUIRE(model);
  const Trace trace = any_trace(*model, {shape({1, 3, 224, 224})});
  size_t convolutions = 0;
  for (const Node& node : trace.nodes) {
    if (node.op.find("quantized::conv2d") != 0) continue;
    ++convolutions;
    const std::vector<Value>* packed = node.arguments[1].second.list();
    REQUIRE(packed);
    REQUIRE(packed->size() == 8);
    const Tensor& weight = trace[*(*packed)[0].tensor()];
    CHECK(weight.type == graph::ElementType::qint8);
    CHECK(weight.shape.size() == 4);
    CHECK(weight.quantization.channel_scales.size() == static_cast<size_t>(weight.shape[0]));
    CHECK(weight.channel_zero_points.size() == weight.quantization.channel_scales.size());
    CHECK((*packed)[2].list()->size() == 2);
  }
  CHECK(convolutions > 30);
}

}  // namespace passerelle::torchscript::testing
