#include "model_inputs.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "input_spec.h"
#include "passerelle/blob/file.h"
#include "passerelle/graph/converted.h"
#include "passerelle/torchscript/split_module.h"
#include "passerelle/verify/quantization.h"

namespace passerelle::cli {
namespace {

using graph::HostTensor;
using torchscript::InputSpec;
using verify::Port;

std::vector<InputSpec> specs_of(const std::vector<Port>& ports) {
  std::vector<InputSpec> specs;
  for (const Port& port : ports) {
    InputSpec spec;
    spec.name = port.name;
    spec.shape.emplace(port.shape.begin(), port.shape.end());
    spec.type = port.type;
    spec.quantization = port.quantization;
    specs.push_back(std::move(spec));
  }
  return specs;
}

/// The Python numbers that the file's model was called with when it was converted.
Expected<std::vector<InputSpec>> numbers_of(const std::string& path) {
  Expected<blob::File> file = blob::File::open(path);
  if (!file) return file.error();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < file->view().number_count(); ++i) texts.emplace_back(file->view().number(i));
  Expected<std::vector<InputSpec>> specs = parse_input_specs(texts);
  const bool are_numbers = specs && std::all_of(specs->begin(), specs->end(), is_number);
  if (!are_numbers) return Error{ErrorKind::unreadable, path + " is damaged: what should be Python numbers is not"};
  return specs;
}

bool fit(const std::vector<HostTensor>& tensors, const std::vector<Port>& ports) {
  return std::equal(tensors.begin(), tensors.end(), ports.begin(), ports.end(),
                    [](const HostTensor& tensor, const Port& port) { return tensor.shape == port.shape; });
}

void append(std::vector<InputSpec>& specs, const std::vector<InputSpec>& more) {
  specs.insert(specs.end(), more.begin(), more.end());
}

}  // namespace

Expected<ModelInputs> model_inputs(const std::vector<std::string>& texts, const torchscript::Model& model,
                                   const std::string& path, const verify::BlobRunner& file) {
  Expected<std::vector<InputSpec>> specs = parse_input_specs(texts);
  if (!specs) return specs.error();
  Expected<std::vector<InputSpec>> numbers = numbers_of(path);
  if (!numbers) return numbers.error();
  const bool are_given = !specs->empty();
  if (are_given && std::none_of(specs->begin(), specs->end(), is_number)) append(*specs, *numbers);
  Expected<std::vector<HostTensor>> tensors = model.example_inputs(*specs);
  if (!are_given && !(tensors && numbers->empty() && fit(*tensors, file.inputs()))) {
    spdlog::debug("no --input, and no bundled inputs of these shapes: values from a fixed seed");
    specs = specs_of(file.inputs());
    append(*specs, *numbers);
    tensors = model.example_inputs(*specs);
  }
  if (!tensors) return tensors.error();
  ModelInputs inputs{*std::move(specs), *std::move(tensors)};
  // The same for both, so rounded for both.
  const std::vector<Port>& ports = file.inputs();
  for (size_t i = 0; i < ports.size() && i < inputs.tensors.size(); ++i) {
    HostTensor& tensor = inputs.tensors[i];
    if (graph::is_quantized(ports[i].type) && tensor.type == graph::ElementType::float32)
      tensor = verify::quantized(tensor, ports[i].type, ports[i].quantization);
    if (ports[i].type == graph::ElementType::bfloat16 && tensor.type == graph::ElementType::float32)
      tensor = graph::converted(tensor, ports[i].type);
  }
  return inputs;
}

Expected<ModelInputs> model_inputs(const std::vector<std::string>& texts, const torchscript::Model& model) {
  Expected<std::vector<InputSpec>> specs = parse_input_specs(texts);
  if (!specs) return specs.error();
  Expected<std::vector<HostTensor>> tensors = model.example_inputs(*specs);
  if (!tensors) return tensors.error();
  return ModelInputs{*std::move(specs), *std::move(tensors)};
}

bool is_archive(const std::string& path) {
  char begin[4] = {};
  if (std::error_code error; !std::filesystem::is_regular_file(path, error)) return false;
  std::ifstream(path, std::ios::binary).read(begin, sizeof begin);
  return std::string_view(begin, sizeof begin) == std::string_view("PK\x03\x04", sizeof begin);
}

Expected<torchscript::Model> load_split_module(const std::string& path, const std::string& library) {
  Expected<torchscript::Model> model = torchscript::Model::load(path);
  if (!model) return model.error();
  if (!model->nnapi_calls())
    return Error{ErrorKind::usage,
                 path + " does not call NNAPI: it is not a module that convert --fallback has written"};
  if (Expected<void> provided = torchscript::provide_nnapi(library); !provided) return provided.error();
  return model;
}

ModelInputs on_floats(const ModelInputs& quantized) {
  ModelInputs floats = quantized;
  for (HostTensor& tensor : floats.tensors)
    if (graph::is_quantized(tensor.type)) tensor = verify::dequantized(tensor);
  floats.specs = torchscript::with_floats(std::move(floats.specs));
  return floats;
}

bool has_quantized(const ModelInputs& inputs) {
  return std::any_of(inputs.tensors.begin(), inputs.tensors.end(),
                     [](const HostTensor& tensor) { return graph::is_quantized(tensor.type); });
}

}  // namespace passerelle::cli
