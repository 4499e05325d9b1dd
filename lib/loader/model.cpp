#include "model.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "failure.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

constexpr uint64_t largest_element = 4;  // of NNAPI's tensors

static_assert(PASSERELLE_MAX_RANK == blob::highest_rank);
static_assert(PASSERELLE_QINT32 == static_cast<int>(blob::Dtype::qint32));
static_assert(PASSERELLE_BOOL == static_cast<int>(blob::Dtype::bool8));
static_assert(PASSERELLE_LAYOUT_CHANNELS_LAST == static_cast<int>(blob::Layout::channels_last));

passerelle_status finish_opening(Expected<blob::File> file, blob::Failure failure, passerelle_model** model,
                                 passerelle_error* error) {
  if (!file) return fail(error, status_of(failure), file.error().message);
  if (!file->memory() && !is_in_reach(file->offset(), file->view().file_size(), sizeof(void*)))
    return fail(error, PASSERELLE_OUT_OF_MEMORY,
                text({"the model ends at byte ", file->offset() + file->view().file_size(),
                      " of its file, and a program of 32 bits reaches ", largest_end(sizeof(void*)),
                      "; use one of 64 bits (arm64-v8a)"}));
  *model = new passerelle_model{std::make_shared<const blob::File>(*std::move(file))};
  return PASSERELLE_OK;
}

/// What lies in the caller's buffer: PyTorch's dtype where NNAPI has it.
passerelle_dtype buffer_dtype(blob::Dtype dtype, nnapi::OperandType type) {
  using nnapi::OperandType;
  const bool quantized = blob::is_quantized(dtype);
  switch (type) {
    case OperandType::TENSOR_FLOAT16: return PASSERELLE_FLOAT16;
    case OperandType::TENSOR_INT32: return quantized ? PASSERELLE_QINT32 : PASSERELLE_INT32;
    case OperandType::TENSOR_BOOL8: return PASSERELLE_BOOL;
    case OperandType::TENSOR_QUANT8_ASYMM: return quantized ? PASSERELLE_QUINT8 : PASSERELLE_UINT8;
    case OperandType::TENSOR_QUANT8_ASYMM_SIGNED:
    case OperandType::TENSOR_QUANT8_SYMM:
    case OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL: return quantized ? PASSERELLE_QINT8 : PASSERELLE_INT8;
    case OperandType::TENSOR_QUANT16_SYMM:
    case OperandType::TENSOR_QUANT16_ASYMM: return PASSERELLE_INT16;
    default: return PASSERELLE_FLOAT32;
  }
}

passerelle_port_info describe(const blob::View& view, const blob::Port& port) {
  constexpr uint32_t nchw_to_nhwc[] = {0, 2, 3, 1};
  const blob::Operand operand = view.operand(port.operand);
  passerelle_port_info info{};
  info.name = port.name;
  info.dtype = static_cast<int32_t>(port.dtype);
  info.buffer_dtype = buffer_dtype(port.dtype, operand.type);
  info.nnapi_type = static_cast<int32_t>(operand.type);
  info.rank = static_cast<uint32_t>(port.shape.size());
  for (uint32_t i = 0; i < info.rank; ++i) {
    info.shape[i] = port.shape[i];
    info.buffer_shape[i] = port.shape[port.caller_layout == blob::Layout::channels_last ? nchw_to_nhwc[i] : i];
  }
  info.layout = static_cast<int32_t>(port.caller_layout);
  info.nnapi_layout = static_cast<int32_t>(port.nnapi_layout);
  info.byte_size = static_cast<size_t>(operand.byte_size);
  info.scale = operand.scale;
  info.zero_point = operand.zero_point;
  return info;
}

passerelle_status no_model(passerelle_error* error) {
  return fail(error, PASSERELLE_INVALID_ARGUMENT, "model is NULL");
}

passerelle_status no_such(const char* kind, uint32_t index, uint32_t count, passerelle_error* error) {
  return fail(error, PASSERELLE_INVALID_ARGUMENT, text({"there is no ", kind, " ", index, ": the model has ", count}));
}

}  // namespace

passerelle_weights weights_access(const blob::File& file) {
  if (file.memory())
    return reinterpret_cast<uintptr_t>(file.memory()) % largest_element == 0 ? PASSERELLE_WEIGHTS_IN_PLACE
                                                                             : PASSERELLE_WEIGHTS_COPIED;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (file.offset() % page == 0 && blob::window_alignment % page == 0) return PASSERELLE_WEIGHTS_FROM_FILE;
  return file.offset() % largest_element == 0 ? PASSERELLE_WEIGHTS_IN_PLACE : PASSERELLE_WEIGHTS_COPIED;
}

std::string port_name(const char* kind, uint32_t index, const blob::Port& port) {
  return text({kind, " ", index, " (", port.name, ")"});
}

}  // namespace passerelle::loader

using namespace passerelle::loader;
using passerelle::text;
using passerelle::blob::Failure;
using passerelle::blob::File;

passerelle_status passerelle_model_open_path(const char* path, passerelle_model** model,
                                             passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  *model = nullptr;
  if (!path) return fail(error, PASSERELLE_INVALID_ARGUMENT, "path is NULL");
  Failure failure = Failure::none;
  auto file = File::open(std::string(path), &failure);
  return finish_opening(std::move(file), failure, model, error);
}

passerelle_status passerelle_model_open_descriptor(int descriptor, uint64_t offset, uint64_t length,
                                                   passerelle_model** model, passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  *model = nullptr;
  Failure failure = Failure::none;
  auto file = File::open(descriptor, offset, length, &failure);
  return finish_opening(std::move(file), failure, model, error);
}

passerelle_status passerelle_model_open_memory(const void* data, size_t size, passerelle_model** model,
                                               passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  *model = nullptr;
  if (!data) return fail(error, PASSERELLE_INVALID_ARGUMENT, "data is NULL");
  Failure failure = Failure::none;
  auto file = File::open({static_cast<const unsigned char*>(data), size}, &failure);
  return finish_opening(std::move(file), failure, model, error);
}

void passerelle_model_close(passerelle_model* model) noexcept { delete model; }

passerelle_status passerelle_model_verify_weights(const passerelle_model* model, passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  Failure failure = Failure::none;
  const auto verified = model->file->verify_weights(&failure);
  return verified ? PASSERELLE_OK : fail(error, status_of(failure), verified.error().message);
}

passerelle_status passerelle_model_describe(const passerelle_model* model, passerelle_model_info* info,
                                            passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  const passerelle::blob::View& view = model->file->view();
  passerelle_model_info known{};
  known.producer = view.producer();
  known.format_major = view.version_major();
  known.format_minor = view.version_minor();
  known.feature_level = static_cast<uint32_t>(view.feature_level());
  known.input_count = view.input_count();
  known.output_count = view.output_count();
  known.operand_count = view.operand_count();
  known.operation_count = view.operation_count();
  known.window_count = view.window_count();
  for (uint32_t index = 0; index < view.window_count(); ++index) known.weights_size += view.window(index).size;
  known.relax_fp16 = view.relax_fp16();
  known.weights = weights_access(*model->file);
  return fill(info, known, error);
}

const char* passerelle_dtype_name(int dtype) noexcept {
  return dtype >= PASSERELLE_FLOAT32 && dtype <= PASSERELLE_QINT32
             ? passerelle::blob::name(static_cast<passerelle::blob::Dtype>(dtype))
             : "an unknown dtype";
}

passerelle_status passerelle_model_describe_input(const passerelle_model* model, uint32_t index,
                                                  passerelle_port_info* info, passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  const passerelle::blob::View& view = model->file->view();
  if (index >= view.input_count()) return no_such("input", index, view.input_count(), error);
  return fill(info, describe(view, view.input(index)), error);
}

passerelle_status passerelle_model_describe_output(const passerelle_model* model, uint32_t index,
                                                   passerelle_port_info* info, passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  const passerelle::blob::View& view = model->file->view();
  if (index >= view.output_count()) return no_such("output", index, view.output_count(), error);
  return fill(info, describe(view, view.output(index)), error);
}

passerelle_status passerelle_model_describe_operation(const passerelle_model* model, uint32_t index,
                                                      passerelle_operation_info* info,
                                                      passerelle_error* error) noexcept {
  if (!model) return no_model(error);
  const passerelle::blob::View& view = model->file->view();
  if (index >= view.operation_count()) return no_such("operation", index, view.operation_count(), error);
  const passerelle::blob::Operation operation = view.operation(index);
  const passerelle::blob::Origin origin = view.origin(index);
  const bool has_user = origin.user_file[0] != 0;
  passerelle_operation_info known{};
  known.type = static_cast<int32_t>(operation.type);
  known.name = operation.name;
  known.input_count = operation.inputs.size();
  known.output_count = operation.outputs.size();
  known.op = origin.op;
  known.module_path = origin.module_path;
  known.source_file = has_user ? origin.user_file : origin.innermost_file;
  known.source_line = has_user ? origin.user_line : origin.innermost_line;
  return fill(info, known, error);
}
