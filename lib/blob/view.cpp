#include "passerelle/blob/view.h"

#include <cstring>

#include "facts.h"
#include "passerelle/format/model_generated.h"
#include "validate.h"

// A View hands out pointers to numbers as they lie in the file.
static_assert(FLATBUFFERS_LITTLEENDIAN, "the reader wants a little-endian machine");

namespace passerelle::blob {
namespace {

constexpr uint32_t largest_head = 64u << 20;
constexpr size_t prefix_size = sizeof(flatbuffers::uoffset_t);
constexpr size_t identifier_offset = prefix_size + sizeof(flatbuffers::uoffset_t);
constexpr size_t smallest_head = identifier_offset + flatbuffers::kFileIdentifierLength;
constexpr size_t scalar_offset = 4;  // of Operand.value in the struct

struct DtypeFacts {
  const char* name;
  uint8_t bytes;
  bool quantized;
};
constexpr DtypeFacts dtypes[] = {
    {"float32", 4, false}, {"float64", 8, false}, {"float16", 2, false}, {"bfloat16", 2, false}, {"int8", 1, false},
    {"uint8", 1, false},   {"int16", 2, false},   {"int32", 4, false},   {"int64", 8, false},    {"bool", 1, false},
    {"quint8", 1, true},   {"qint8", 1, true},    {"qint32", 4, true}};
static_assert(sizeof(dtypes) / sizeof(dtypes[0]) == static_cast<size_t>(format::Dtype::MAX) + 1);
static_assert(static_cast<int>(Dtype::qint32) == static_cast<int>(format::Dtype::qint32));
static_assert(static_cast<int>(Layout::channels_last) == static_cast<int>(format::Layout::channels_last));
static_assert(static_cast<int>(Storage::subgraph) == static_cast<int>(format::Storage::subgraph));

Error refuse(Failure* failure, Failure kind, std::string reason) {
  if (failure) *failure = kind;
  return {ErrorKind::unreadable, std::move(reason)};
}

/// The major version, read with the little that all versions share: 0 where not even that can be read.
uint16_t major_version(Span<const unsigned char> head) {
  flatbuffers::Verifier verifier(head.data(), head.size());
  const auto root_offset = verifier.VerifyOffset(prefix_size);
  if (root_offset == 0) return 0;
  const unsigned char* root = head.data() + prefix_size + root_offset;
  if (!verifier.VerifyTableStart(root)) return 0;
  const auto field =
      reinterpret_cast<const flatbuffers::Table*>(root)->GetOptionalFieldOffset(format::Model::VT_VERSION_MAJOR);
  if (field == 0 || !verifier.VerifyField<uint16_t>(root, field, sizeof(uint16_t))) return 0;
  return flatbuffers::ReadScalar<uint16_t>(root + field);
}

template <typename T>
uint32_t count(const flatbuffers::Vector<T>* vector) {
  return vector ? vector->size() : 0;
}

Port port(const format::Port& port) {
  Port result{port.name()->c_str(),
              port.operand(),
              static_cast<Dtype>(port.dtype()),
              {},
              port.scale(),
              port.zero_point(),
              static_cast<Layout>(port.caller_layout()),
              static_cast<Layout>(port.nnapi_layout())};
  if (port.shape()) result.shape = {port.shape()->data(), port.shape()->size()};
  return result;
}

}  // namespace

const char* name(Dtype dtype) { return dtypes[static_cast<size_t>(dtype)].name; }
bool is_quantized(Dtype dtype) { return dtypes[static_cast<size_t>(dtype)].quantized; }
size_t byte_size(Dtype dtype) { return dtypes[static_cast<size_t>(dtype)].bytes; }

Expected<uint64_t> head_size(const unsigned char* begin, uint64_t size, Failure* failure) {
  if (size < smallest_head) return refuse(failure, Failure::not_a_model, "it is too short for a .nnapi model");
  if (std::memcmp(begin + identifier_offset, format::ModelIdentifier(), flatbuffers::kFileIdentifierLength) != 0)
    return refuse(failure, Failure::not_a_model, "it does not begin as a .nnapi model does");
  const uint64_t prefixed = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(begin);
  if (prefixed + prefix_size < smallest_head || prefixed > largest_head)
    return refuse(failure, Failure::damaged, "its head cannot have " + std::to_string(prefixed) + " bytes");
  return prefixed + prefix_size;
}

View::View(const format::Model* model) : model_(model), main_(model->subgraphs()->Get(0)) {}

Expected<View> View::parse(Span<const unsigned char> head, uint64_t file_size, Failure* failure) {
  const auto expected_size = head_size(head.data(), head.size(), failure);
  if (!expected_size) return expected_size.error();
  if (*expected_size != head.size() || head.size() > file_size)
    return refuse(failure, Failure::damaged, "its head of " + std::to_string(*expected_size) + " bytes is cut off");
  const uint16_t version = major_version(head);
  if (version == 0) return refuse(failure, Failure::damaged, "its version cannot be read");
  if (version > known_major_version)
    return refuse(failure, Failure::newer,
                  "its format version is " + std::to_string(version) + ", and this program knows versions up to " +
                      std::to_string(known_major_version));
  flatbuffers::Verifier verifier(head.data(), head.size());
  if (!format::VerifySizePrefixedModelBuffer(verifier))
    return refuse(failure, Failure::damaged, "its head is not a sound FlatBuffer");
  const format::Model* model = format::GetSizePrefixedModel(head.data());
  std::string reason = flaw(*model, head.size(), file_size);
  if (!reason.empty()) return refuse(failure, Failure::damaged, std::move(reason));
  return View(model);
}

uint32_t View::version_major() const { return model_->version_major(); }
uint32_t View::version_minor() const { return model_->version_minor(); }
const char* View::producer() const { return model_->producer() ? model_->producer()->c_str() : ""; }
uint64_t View::file_size() const { return model_->file_size(); }
nnapi::FeatureLevel View::feature_level() const { return model_->feature_level(); }
bool View::relax_fp16() const { return model_->relax_fp16(); }

uint32_t View::number_count() const { return count(model_->numbers()); }
const char* View::number(uint32_t index) const { return model_->numbers()->Get(index)->c_str(); }

uint32_t View::window_count() const { return count(model_->windows()); }

Window View::window(uint32_t index) const {
  const format::Window& window = *model_->windows()->Get(index);
  return {uint64_t{window.page()} * window_alignment, window.size(),
          uint64_t{window.digest_high()} << 32 | window.digest_low()};
}

uint32_t View::subgraph_count() const { return model_->subgraphs()->size(); }
SubgraphView View::subgraph(uint32_t index) const { return {model_, model_->subgraphs()->Get(index)}; }

uint32_t SubgraphView::operand_count() const { return graph_->operands()->size(); }

Operand SubgraphView::operand(uint32_t index) const {
  const format::Operand& stored = *graph_->operands()->Get(index);
  const OperandFacts& facts = operand_facts[stored.type()];
  Operand operand{};
  operand.type = static_cast<nnapi::OperandType>(stored.type());
  operand.storage = static_cast<Storage>(stored.storage());
  const uint32_t* rank = model_->dimensions()->data() + stored.dimensions();
  operand.dimensions = {rank + 1, *rank};
  if (operand.storage != Storage::omitted) operand.byte_size = facts.bytes;
  for (uint32_t dimension : operand.dimensions) operand.byte_size *= dimension;
  if (facts.kind == OperandKind::per_channel) {
    const format::ChannelQuantization& channels = *model_->channel_quantizations()->Get(stored.quantization());
    operand.channel_scales = {channels.scales()->data(), channels.scales()->size()};
    operand.channel_dimension = channels.dimension();
  } else {
    const format::Quantization& quantization = *model_->quantizations()->Get(stored.quantization());
    operand.scale = quantization.scale();
    operand.zero_point = quantization.zero_point();
  }
  switch (operand.storage) {
    case Storage::scalar: operand.value = reinterpret_cast<const unsigned char*>(&stored) + scalar_offset; break;
    case Storage::value: operand.value = model_->values()->data() + stored.value(); break;
    case Storage::window:
      operand.window = stored.window();
      operand.offset = uint64_t{stored.value()} * constant_alignment;
      break;
    case Storage::subgraph: operand.subgraph = stored.value(); break;
    case Storage::computed:
    case Storage::omitted: break;
  }
  return operand;
}

uint32_t SubgraphView::operation_count() const { return graph_->operations()->size(); }

Operation SubgraphView::operation(uint32_t index) const {
  const format::Operation& stored = *graph_->operations()->Get(index);
  const uint32_t inputs = stored.input_count();
  const uint16_t* narrow = graph_->indexes() ? graph_->indexes()->data() + stored.first() : nullptr;
  const uint32_t* wide = narrow ? nullptr : graph_->wide_indexes()->data() + stored.first();
  return {static_cast<nnapi::OperationType>(stored.type()), operation_facts[stored.type()].name,
          Indexes(narrow, wide, inputs),
          Indexes(narrow ? narrow + inputs : nullptr, wide ? wide + inputs : nullptr, stored.output_count())};
}

uint32_t View::input_count() const { return main_->inputs()->size(); }
Port View::input(uint32_t index) const { return port(*main_->inputs()->Get(index)); }
uint32_t View::output_count() const { return main_->outputs()->size(); }
Port View::output(uint32_t index) const { return port(*main_->outputs()->Get(index)); }

// The model's border has ports, which say more.
uint32_t SubgraphView::input_count() const {
  return graph_->formal_inputs() ? graph_->formal_inputs()->size() : graph_->inputs()->size();
}
uint32_t SubgraphView::input(uint32_t index) const {
  return graph_->formal_inputs() ? graph_->formal_inputs()->Get(index) : graph_->inputs()->Get(index)->operand();
}
uint32_t SubgraphView::output_count() const {
  return graph_->formal_outputs() ? graph_->formal_outputs()->size() : graph_->outputs()->size();
}
uint32_t SubgraphView::output(uint32_t index) const {
  return graph_->formal_outputs() ? graph_->formal_outputs()->Get(index) : graph_->outputs()->Get(index)->operand();
}

bool SubgraphView::has_origins() const { return graph_->origins() != nullptr; }

Origin SubgraphView::origin(uint32_t operation) const {
  if (!has_origins()) return {};
  const format::Origin& origin = *graph_->origins()->operations()->Get(operation);
  const format::Call& call = *graph_->origins()->calls()->Get(origin.call());
  const char* strings = reinterpret_cast<const char*>(model_->strings()->data());
  return {strings + origin.module_path(),  strings + call.op(),  strings + call.user_file(), call.user_line(),
          strings + call.innermost_file(), call.innermost_line()};
}

}  // namespace passerelle::blob
