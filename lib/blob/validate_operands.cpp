#include "facts.h"
#include "passerelle/blob/view.h"
#include "passerelle/support/text.h"
#include "validate_parts.h"

namespace passerelle::blob {
namespace {

constexpr uint64_t largest_tensor = UINT32_MAX;  // NNAPI's runtime counts bytes in 32 bits

struct Shape {
  const uint32_t* dimensions;
  uint32_t rank;
};

uint32_t size_of(const flatbuffers::Vector<uint8_t>* bytes) { return bytes ? bytes->size() : 0; }

std::string flaw_in_shape(const format::Model& model, const format::Operand& operand, Shape& shape) {
  const auto& pool = *model.dimensions();
  if (operand.dimensions() >= pool.size()) return "has a shape outside of the file's shapes";
  const uint32_t rank = pool.Get(operand.dimensions());
  if (rank > highest_rank) return text({"has rank ", rank});
  if (rank > pool.size() - operand.dimensions() - 1) return "has a shape that is cut off";
  shape = {pool.data() + operand.dimensions() + 1, rank};
  for (uint32_t i = 0; i < rank; ++i)
    if (shape.dimensions[i] == 0)
      return "has a dimension of 0, which would leave its shape open: models are converted with all shapes known";
  return {};
}

std::string flaw_in_quantization(const format::Model& model, const format::Operand& operand,
                                 const OperandFacts& facts) {
  if (operand.quantization() >= model.quantizations()->size()) return "has a quantization that does not exist";
  const format::Quantization& quantization = *model.quantizations()->Get(operand.quantization());
  const float scale = quantization.scale();
  const int32_t zero_point = quantization.zero_point();
  if (facts.kind == OperandKind::quantized) {
    if (!is_scale(scale)) return "has a scale that is not a positive number";
    if (zero_point < facts.lowest_zero_point || zero_point > facts.highest_zero_point)
      return text({"has a zero point of ", zero_point});
    return {};
  }
  // A bias is INT32 with the scale of the products that it is added to.
  const bool may_scale = operand.type() == static_cast<uint8_t>(nnapi::OperandType::TENSOR_INT32);
  if (zero_point != 0 || !(scale == 0 || (may_scale && is_scale(scale))))
    return "has a quantization, but is not quantized";
  return {};
}

std::string flaw_in_channels(const format::Model& model, const format::Operand& operand, const Shape& shape) {
  const auto* all = model.channel_quantizations();
  if (!all || operand.quantization() >= all->size()) return "has per-channel scales that do not exist";
  const format::ChannelQuantization& channels = *all->Get(operand.quantization());
  if (channels.dimension() >= shape.rank) return text({"has no channel dimension ", channels.dimension()});
  if (channels.scales()->size() != shape.dimensions[channels.dimension()])
    return text({"has ", channels.scales()->size(), " per-channel scales for ", shape.dimensions[channels.dimension()],
                 " channels"});
  return {};
}

std::string flaw_in_scalar(const format::Operand& operand, const OperandFacts& facts) {
  if (operand.storage() != format::Storage::scalar || operand.window() != 0)
    return "is a scalar, but is not stored as one";
  if (facts.bytes < sizeof(uint32_t) && operand.value() >> (8 * facts.bytes) != 0)
    return "has a value out of its range";
  if (operand.type() == static_cast<uint8_t>(nnapi::OperandType::BOOL) && operand.value() > 1)
    return "is a boolean that is neither 0 nor 1";
  return {};
}

std::string flaw_in_place(const format::Model& model, const format::Operand& operand, uint64_t byte_size) {
  if (operand.storage() != format::Storage::window && operand.window() != 0) return "names a window that it is not in";
  switch (operand.storage()) {
    case format::Storage::computed:
    case format::Storage::omitted:
      return operand.value() == 0 ? std::string() : std::string("has a value, but should have none");
    case format::Storage::value:
      if (byte_size > largest_inline_value) return "is too large for the head";
      if (operand.value() % sizeof(uint32_t) != 0) return "has a value that is not aligned";
      if (operand.value() + byte_size > size_of(model.values())) return "has a value outside of the file's values";
      return {};
    case format::Storage::window: {
      if (!model.windows() || operand.window() >= model.windows()->size()) return "is in a window that does not exist";
      const uint64_t offset = uint64_t{operand.value()} * constant_alignment;
      if (offset + byte_size > model.windows()->Get(operand.window())->size()) return "reaches out of its window";
      return {};
    }
    case format::Storage::scalar: return "is a tensor, but is stored as a scalar";
    case format::Storage::subgraph: return "is a tensor, but is stored as a subgraph";
  }
  return "is stored in an unknown way";
}

std::string flaw_in_tensor(const format::Model& model, const format::Operand& operand, const OperandFacts& facts,
                           const Shape& shape) {
  const bool omitted = operand.storage() == format::Storage::omitted;
  if ((shape.rank == 0) != omitted) return omitted ? "is omitted, but has a shape" : "is a tensor of rank 0";
  uint64_t byte_size = facts.bytes;
  for (uint32_t i = 0; i < shape.rank; ++i) {
    byte_size *= shape.dimensions[i];  // at most (2^32 - 1)^2
    if (byte_size > largest_tensor) return "has 4 GiB or more";
  }
  return flaw_in_place(model, operand, byte_size);
}

std::string flaw_in_reference(const format::Model& model, const format::Operand& operand, uint32_t subgraph_index) {
  if (operand.storage() != format::Storage::subgraph || operand.window() != 0)
    return "is a model, but is not stored as one";
  if (operand.value() <= subgraph_index || operand.value() >= model.subgraphs()->size())
    return text({"refers to subgraph ", operand.value(), ", which is none that comes later"});
  return {};
}

std::string flaw_in_operand(const format::Model& model, const format::Operand& operand, uint32_t subgraph_index) {
  if (operand.type() >= operand_type_count) return text({"has the unknown type ", operand.type()});
  const OperandFacts& facts = operand_facts[operand.type()];
  if (facts.level > model.feature_level())
    return text({"has type ", facts.name, ", which the model's feature level lacks"});
  Shape shape{};
  std::string reason = flaw_in_shape(model, operand, shape);
  if (!reason.empty()) return reason;
  if (facts.kind == OperandKind::model) {
    reason = flaw_in_reference(model, operand, subgraph_index);
    if (reason.empty() && shape.rank != 0) return "is a model, but has a shape";
  } else if (facts.kind == OperandKind::scalar) {
    if (shape.rank != 0) return "is a scalar, but has a shape";
    reason = flaw_in_scalar(operand, facts);
  } else {
    reason = flaw_in_tensor(model, operand, facts, shape);
  }
  if (!reason.empty()) return reason;
  if (facts.kind != OperandKind::per_channel) return flaw_in_quantization(model, operand, facts);
  return operand.storage() == format::Storage::omitted ? "is omitted, but has channels"
                                                       : flaw_in_channels(model, operand, shape);
}

}  // namespace

std::string flaw_in_operands(const format::Model& model, const format::Subgraph& subgraph, uint32_t subgraph_index) {
  const auto& operands = *subgraph.operands();
  for (uint32_t index = 0; index < operands.size(); ++index) {
    const std::string reason = flaw_in_operand(model, *operands.Get(index), subgraph_index);
    if (!reason.empty()) return text({"operand ", index, " ", reason});
  }
  return {};
}

}  // namespace passerelle::blob
