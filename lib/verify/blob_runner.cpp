#include "passerelle/verify/blob_runner.h"

#include "passerelle/support/check.h"
#include "passerelle/verify/border.h"

namespace passerelle::verify {
namespace {

using graph::HostTensor;

ErrorKind kind_of(passerelle_status status) {
  switch (status) {
    case PASSERELLE_CANNOT_READ:
    case PASSERELLE_NOT_A_MODEL:
    case PASSERELLE_DAMAGED_MODEL:
    case PASSERELLE_NEWER_MODEL: return ErrorKind::unreadable;
    case PASSERELLE_NNAPI_MISSING:
    case PASSERELLE_NNAPI_TOO_OLD:
    case PASSERELLE_NO_SUCH_DEVICE:
    case PASSERELLE_NNAPI_FAILED:
    case PASSERELLE_UNSUPPORTED:
    case PASSERELLE_TIMED_OUT:
    case PASSERELLE_DEVICE_SUSPECTED: return ErrorKind::nnapi;
    case PASSERELLE_INVALID_ARGUMENT: return ErrorKind::usage;
    case PASSERELLE_OK:
    case PASSERELLE_OUT_OF_MEMORY: break;
  }
  return ErrorKind::bug;
}

/// The inputs' names, for a message.
std::string names(const std::vector<Port>& ports) {
  std::string result;
  for (const Port& port : ports)
    result += (result.empty() ? "" : ", ") + port.name + " (" + std::string(graph::name(port.type)) + " " +
              graph::to_string(port.shape) + ")";
  return result;
}

}  // namespace

Error error_of(const loader::Error& error) { return {kind_of(error.status()), error.message()}; }

Expected<BlobRunner> BlobRunner::open(const std::string& path) {
  loader::Error error;
  BlobRunner runner;
  runner.path_ = path;
  runner.model_ = loader::Model::open(path.c_str(), error);
  if (!runner.model_) return error_of(error);
  for (const passerelle_port_info& info : runner.model_.inputs()) runner.inputs_.push_back(port_of(info));
  for (const passerelle_port_info& info : runner.model_.outputs()) runner.outputs_.push_back(port_of(info));
  return Expected<BlobRunner>(std::move(runner));
}

Expected<std::vector<HostTensor>> BlobRunner::run(const std::string& nnapi_library,
                                                  const std::vector<HostTensor>& inputs) const {
  if (inputs.size() != inputs_.size())
    return Error{ErrorKind::usage, path_ + " takes " + std::to_string(inputs_.size()) +
                                       (inputs_.size() == 1 ? " input" : " inputs") + ", not " +
                                       std::to_string(inputs.size()) + ": " + names(inputs_)};
  std::vector<std::vector<unsigned char>> input_buffers, output_buffers;
  std::vector<loader::Input> input_views;
  std::vector<loader::Output> output_views;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto buffer = to_buffer(inputs[i], model_.input(static_cast<uint32_t>(i)));
    if (!buffer) return buffer.error();
    input_buffers.push_back(*std::move(buffer));
    input_views.push_back({input_buffers.back().data(), input_buffers.back().size()});
  }
  std::vector<passerelle_port_info> output_infos = model_.outputs();
  for (const passerelle_port_info& info : output_infos) {
    output_buffers.emplace_back(info.byte_size);
    output_views.push_back({output_buffers.back().data(), output_buffers.back().size()});
  }

  loader::Error error;
  loader::Nnapi nnapi = loader::Nnapi::open(nnapi_library.c_str(), error);
  if (!nnapi) return error_of(error);
  loader::Compilation compilation = loader::Compilation::make(model_, nnapi, {}, error);
  if (!compilation) return error_of(error);
  if (!compilation.run(input_views, output_views, error)) return error_of(error);

  std::vector<HostTensor> outputs;
  for (size_t i = 0; i < output_infos.size(); ++i) outputs.push_back(from_buffer(output_buffers[i], output_infos[i]));
  return outputs;
}

}  // namespace passerelle::verify
