#include "runner.h"

#include "passerelle/blob/write.h"
#include "passerelle/passes/pipeline.h"
#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/border.h"
#include "passerelle/verify/quantization.h"

namespace passerelle::calibration {

Expected<Runner> Runner::make(const graph::Module& finished, const std::string& nnapi_library) {
  blob::WriteOptions writing;
  writing.strip_origins = true;
  writing.feature_level = passes::required_feature_level(finished);
  Expected<std::vector<unsigned char>> written = blob::write(finished, writing);
  if (!written) return written.error();
  Runner runner;
  runner.bytes_ = *std::move(written);
  loader::Error error;
  runner.nnapi_ = loader::Nnapi::open(nnapi_library.c_str(), error);
  if (!runner.nnapi_) return verify::error_of(error);
  runner.model_ = loader::Model::open(runner.bytes_.data(), runner.bytes_.size(), error);
  if (!runner.model_) return verify::error_of(error);
  loader::CompileOptions options;
  options.skip_weight_check = 1;
  runner.compilation_ = loader::Compilation::make(runner.model_, runner.nnapi_, options, error);
  if (!runner.compilation_) return verify::error_of(error);
  for (const passerelle_port_info& info : runner.model_.outputs()) runner.outputs_.emplace_back(info.byte_size);
  return Expected<Runner>(std::move(runner));
}

Expected<void> Runner::run(const Sample& inputs) {
  std::vector<std::vector<unsigned char>> buffers;
  std::vector<loader::Input> input_views;
  std::vector<loader::Output> output_views;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const passerelle_port_info info = model_.input(static_cast<uint32_t>(i));
    const verify::Port port = verify::port_of(info);
    const bool rounds = graph::is_quantized(port.type) && inputs[i].type == graph::ElementType::float32;
    Expected<std::vector<unsigned char>> buffer =
        verify::to_buffer(rounds ? verify::quantized(inputs[i], port.type, port.quantization) : inputs[i], info);
    if (!buffer) return buffer.error();
    buffers.push_back(*std::move(buffer));
    input_views.push_back({buffers.back().data(), buffers.back().size()});
  }
  for (std::vector<unsigned char>& output : outputs_) output_views.push_back({output.data(), output.size()});
  loader::Error error;
  if (!compilation_.run(input_views, output_views, error)) return verify::error_of(error);
  return {};
}

std::vector<float> Runner::numbers(size_t output) const {
  const passerelle_port_info info = model_.output(static_cast<uint32_t>(output));
  graph::HostTensor tensor = verify::from_buffer(outputs_[output], info);
  if (graph::is_quantized(tensor.type)) tensor = verify::dequantized(tensor);
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t i = tensor.shape.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.shape[i];
  return graph::Constant(nullptr, tensor.bytes.data(), tensor.type, tensor.shape, std::move(strides)).floats();
}

void expose(graph::Module& module, graph::OperandId operand, const std::string& name) {
  graph::Port port;
  port.name = name;
  port.shape = module.main().shape(operand);
  module.add_output(operand, std::move(port));
}

}  // namespace passerelle::calibration
