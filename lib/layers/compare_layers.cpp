#include "passerelle/layers/compare_layers.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "passerelle/blob/file.h"
#include "passerelle/blob/write.h"
#include "passerelle/converter/convert.h"
#include "passerelle/lowering/lower.h"
#include "passerelle/torchscript/replay.h"
#include "passerelle/verify/blob_runner.h"
#include "rearranged.h"

namespace passerelle::layers {
namespace {

using graph::Graph;
using graph::HostTensor;
using graph::Module;
using graph::OperandId;
using torchscript::InputSpec;
using trace::TensorId;
using trace::Trace;
using verify::Layer;

/// The options that a file was converted with, as far as it tells.
converter::Options options_of(const blob::View& view, const Request& request) {
  converter::Options options;
  options.relax_fp16 = view.relax_fp16();
  // Whether long loops were unrolled.
  options.target.feature_level = view.has_control_flow() ? view.feature_level() : nnapi::lowest_feature_level;
  options.inputs = request.specs;
  if (options.inputs.empty())  // bundled inputs: their values, which take a layout
    for (const HostTensor& tensor : request.inputs) {
      InputSpec spec;
      spec.values = tensor;
      options.inputs.push_back(std::move(spec));
    }
  uint32_t input = 0;
  for (InputSpec& spec : options.inputs) {
    if (!std::holds_alternative<std::monostate>(spec.number) || input >= view.input_count()) continue;
    spec.channels_last = view.input(input++).caller_layout == blob::Layout::channels_last;
  }
  for (uint32_t i = 0; i < view.output_count(); ++i)
    if (view.output(i).caller_layout == blob::Layout::channels_last)
      options.output_layouts[i] = graph::Layout::channels_last;
  return options;
}

std::vector<unsigned char> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The module whose file has these very bytes; the target level is not in a file, so that each is tried.
Expected<Module> same_module(const blob::View& view, const Request& request, const Trace& trace,
                             converter::Options options) {
  const std::vector<unsigned char> wanted = bytes_of(request.file_path);
  for (nnapi::FeatureLevel level = view.feature_level(); level <= nnapi::highest_feature_level; ++level) {
    options.target.feature_level = level;
    Expected<converter::Converted> converted = converter::convert(trace, options);
    if (!converted) return converted.error();
    if (!converted->diagnostics.empty() || converted->module.main().operations.size() != view.operation_count())
      continue;
    blob::WriteOptions writing;
    writing.strip_origins = !view.has_origins();
    writing.producer = view.producer();
    writing.feature_level = passes::required_feature_level(converted->module);
    Expected<std::vector<unsigned char>> written = blob::write(converted->module, writing);
    if (!written) return written.error();
    if (*written == wanted) return Expected<Module>(std::move(converted->module));
  }
  return Error{ErrorKind::usage, request.file_path + " is not what this version of passerelle makes of " +
                                     request.model_path + " with these inputs; convert it again to compare each layer"};
}

/// What holds a tensor of the trace: the operation's index, the tensor, and where its value is found among the outputs.
struct Probe {
  uint32_t operation;
  TensorId tensor;
  OperandId operand;
  size_t output = 0;
};

/// Whether the operand's numbers are the tensor's: floats, or integers of the same scale and zero point. Below feature
/// level 4 NNAPI takes signed integers unsigned.
bool holds_numbers_of(const graph::TensorType& operand, const trace::Tensor& tensor) {
  using nnapi::OperandType;
  if (operand.type == OperandType::TENSOR_FLOAT32) return tensor.type == graph::ElementType::float32;
  if (!graph::is_quantized(tensor.type) || !nnapi::is_quantized(operand.type)) return false;
  const bool shifted = tensor.type == graph::ElementType::qint8 && operand.type == OperandType::TENSOR_QUANT8_ASYMM;
  constexpr int32_t half_range = 128;
  return operand.quantization.scale == tensor.quantization.scale &&
         operand.quantization.zero_point == tensor.quantization.zero_point + (shifted ? half_range : 0);
}

std::vector<Probe> probes_of(const Graph& graph, const Trace& trace) {
  std::vector<Probe> probes;
  for (uint32_t i = 0; i < graph.operations.size(); ++i)
    for (OperandId id : graph.operations[i].outputs) {
      const std::optional<uint32_t> source = graph[id].source;
      if (!source || *source >= trace.tensors.size()) continue;
      const TensorId tensor{*source};
      if (!holds_numbers_of(graph.type(id), trace[tensor])) continue;
      probes.push_back({i, tensor, id});
      break;  // one an operation: the first
    }
  return probes;
}

/// Every probed operand becomes an output, as NNAPI has it; those that are outputs already are read there.
void expose(Module& module, const Trace& trace, std::vector<Probe>& probes) {
  Graph& graph = module.main();
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    graph::Port& port = module.ports.outputs[i];
    port.shape = graph.shape(graph.outputs[i]);
    port.caller_layout = port.nnapi_layout = graph::Layout::as_pytorch;
  }
  for (Probe& probe : probes) {
    const auto known = std::find(graph.outputs.begin(), graph.outputs.end(), probe.operand);
    probe.output = static_cast<size_t>(known - graph.outputs.begin());
    if (known != graph.outputs.end()) continue;
    graph::Port port;
    port.name = "layer" + std::to_string(probe.operation);
    port.shape = graph.shape(probe.operand);
    port.element_type = trace[probe.tensor].type;
    port.quantization = trace[probe.tensor].quantization;
    module.add_output(probe.operand, std::move(port));
  }
}

/// Removed when it is no longer needed.
class TemporaryFile {
 public:
  TemporaryFile() {
    const char* const folder = std::getenv("TMPDIR");
    path_ = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/passerelle-XXXXXX";
    descriptor_ = ::mkstemp(path_.data());
  }
  ~TemporaryFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_;
};

Expected<std::vector<HostTensor>> run_exposed(const Module& module, const Request& request) {
  const TemporaryFile file;
  blob::WriteOptions writing;
  writing.feature_level = passes::required_feature_level(module);
  Expected<blob::WriteSummary> written = blob::write(module, writing, file.path());
  if (!written) return written.error();
  Expected<verify::BlobRunner> runner = verify::BlobRunner::open(file.path());
  if (!runner) return runner.error();
  return runner->run(request.nnapi_library, request.inputs);
}

/// The nearest of the orders in which the reference may lie there: that of the right one, for another would have to
/// agree by chance.
std::optional<verify::Comparison> nearest(const HostTensor& reference, const HostTensor& actual,
                                          const verify::Limits& limits) {
  std::optional<verify::Comparison> best;
  for (const HostTensor& arranged : arrangements(reference, actual.shape)) {
    verify::Comparison comparison = verify::compare(arranged, actual, limits);
    if (!best || comparison.max_difference < best->max_difference) best = std::move(comparison);
  }
  return best;
}

std::map<TensorId, const trace::Node*> makers_of(const Trace& trace) {
  std::map<TensorId, const trace::Node*> makers;
  const auto note = [&](const trace::Value& value, const trace::Node& node, const auto& again) -> void {
    if (const TensorId* id = value.tensor()) makers[*id] = &node;
    if (const auto* list = value.list())
      for (const trace::Value& element : *list) again(element, node, again);
  };
  for (const trace::Node& node : trace.nodes)
    for (const trace::Value& result : node.results) note(result, node, note);
  return makers;
}

std::vector<Layer> all_layers(const Module& module) {
  const Graph& graph = module.main();
  std::vector<Layer> layers;
  for (uint32_t i = 0; i < graph.operations.size(); ++i) {
    const graph::Operation& operation = graph.operations[i];
    Layer layer;
    layer.operation = i;
    layer.name = nnapi::name(*operation.type);
    layer.shape = graph.shape(operation.output());
    if (operation.origin < module.origins.size()) layer.origin = module.origins[operation.origin];
    const nnapi::OperandType type = graph.type(operation.output()).type;
    const bool real = type == nnapi::OperandType::TENSOR_FLOAT32 || nnapi::is_quantized(type);
    layer.why_not =
        real ? "it holds a step of an operator, not its result" : "it holds neither float32 nor quantized numbers";
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace

Expected<verify::Layers> compare_layers(const Request& request) {
  Expected<blob::File> file = blob::File::open(request.file_path);
  if (!file) return file.error();
  const converter::Options options = options_of(file->view(), request);
  Expected<Trace> trace = converter::trace(request.model, options);
  if (!trace) return trace.error();
  Expected<Module> module = same_module(file->view(), request, *trace, options);
  if (!module) return module.error();

  verify::Layers result;
  result.layers = all_layers(*module);
  std::vector<Probe> probes = probes_of(module->main(), *trace);
  expose(*module, *trace, probes);
  Expected<std::vector<HostTensor>> actual = run_exposed(*module, request);
  if (!actual) return actual.error();
  std::vector<TensorId> wanted;
  for (const Probe& probe : probes) wanted.push_back(probe.tensor);
  Expected<std::vector<HostTensor>> reference = torchscript::replay(*trace, request.inputs, wanted);
  if (!reference) return reference.error();

  // A layer's channels are no classes.
  verify::Limits limits = request.limits;
  limits.arg_max = false;
  const auto makers = makers_of(*trace);
  for (size_t i = 0; i < probes.size(); ++i) {
    Layer& layer = result.layers[probes[i].operation];
    layer.comparison = nearest((*reference)[i], (*actual)[probes[i].output], limits);
    if (!layer.comparison) continue;
    layer.why_not.clear();
    layer.step = (*reference)[i].quantization.scale;
    if (const auto maker = makers.find(probes[i].tensor); maker != makers.end()) {
      layer.op = maker->second->op;
      if (maker->second->origin < trace->origins.size()) layer.op_origin = trace->origins[maker->second->origin];
    }
    if (!layer.comparison->passed && !result.first_bad) result.first_bad = probes[i].operation;
  }
  return result;
}

}  // namespace passerelle::layers
