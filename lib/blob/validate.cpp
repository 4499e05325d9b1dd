#include "validate.h"

#include "passerelle/blob/view.h"
#include "passerelle/support/text.h"
#include "text.h"
#include "validate_parts.h"

namespace passerelle::blob {
namespace {

bool is_plain_text(const flatbuffers::String& text) {
  return text.size() <= longest_name && blob::is_plain_text(text.c_str(), text.size());
}

std::string flaw_in_frame(const format::Model& model, uint64_t file_size) {
  if (model.file_size() != file_size) return text({"it has ", file_size, " bytes instead of ", model.file_size()});
  if (model.feature_level() < nnapi::lowest_feature_level || model.feature_level() > nnapi::highest_feature_level)
    return text({"NNAPI has no feature level ", model.feature_level()});
  if (model.producer() && !is_plain_text(*model.producer())) return "its producer's name is no plain text";
  return {};
}

std::string flaw_in_windows(const format::Model& model, uint64_t head_size, uint64_t file_size) {
  if (!model.windows()) return {};
  uint64_t end = head_size + sizeof(uint64_t);  // the head's digest stands behind it
  for (uint32_t index = 0; index < model.windows()->size(); ++index) {
    const format::Window& window = *model.windows()->Get(index);
    const uint64_t begin = uint64_t{window.page()} * window_alignment;
    const std::string name = text({"window ", index});
    if (window.size() == 0) return name + " is empty";
    if (begin < end) return name + " overlaps what stands before it";
    end = begin + window.size();
    if (end > file_size) return name + " ends behind the end of the file";
  }
  return {};
}

std::string flaw_in_strings(const format::Model& model) {
  if (!model.strings() || model.strings()->size() == 0) return {};
  const char* text = reinterpret_cast<const char*>(model.strings()->data());
  const size_t size = model.strings()->size();
  if (text[size - 1] != 0) return "its last string has no end";
  for (size_t offset = 0; offset < size;) {
    const size_t length = text[offset] == 0 ? 1 : character_size(text + offset, size - offset);
    if (length == 0) return "its strings hold bytes that are no plain text";
    offset += length;
  }
  return {};
}

std::string flaw_in_numbers(const format::Model& model) {
  constexpr uint32_t most_numbers = 4096;
  if (!model.numbers()) return {};
  if (model.numbers()->size() > most_numbers) return text({"it has ", model.numbers()->size(), " numbers"});
  for (const flatbuffers::String* number : *model.numbers())
    if (number->size() == 0 || !is_plain_text(*number)) return "a number of its model is no plain text";
  return {};
}

/// Tables may share a vector in a hostile file; their total is bounded so that reading them all takes linear time.
std::string flaw_in_channel_scales(const format::Model& model, uint64_t head_size) {
  if (!model.channel_quantizations()) return {};
  uint64_t total = 0;
  for (const format::ChannelQuantization* channels : *model.channel_quantizations()) {
    total += channels->scales()->size();
    if (total > head_size / sizeof(float)) return "its per-channel scales overlap";
    for (float scale : *channels->scales())
      if (!is_scale(scale)) return "a per-channel scale is not a positive number";
  }
  return {};
}

std::string flaw_in_subgraph(const format::Model& model, uint32_t index) {
  const format::Subgraph& subgraph = *model.subgraphs()->Get(index);
  std::string reason = flaw_in_operands(model, subgraph, index);
  if (!reason.empty()) return reason;
  std::vector<OperandState> states(subgraph.operands()->size(), OperandState::unset);
  reason = index == 0 ? flaw_in_inputs(model, subgraph, states) : flaw_in_formal_inputs(subgraph, states);
  if (reason.empty()) reason = flaw_in_operations(model, subgraph, states);
  if (reason.empty())
    reason = index == 0 ? flaw_in_outputs(model, subgraph, states) : flaw_in_formal_outputs(subgraph, states);
  if (reason.empty()) reason = flaw_in_origins(model, subgraph);
  return reason;
}

}  // namespace

std::string flaw(const format::Model& model, uint64_t head_size, uint64_t file_size) {
  std::string reason = flaw_in_frame(model, file_size);
  if (reason.empty()) reason = flaw_in_windows(model, head_size, file_size);
  if (reason.empty()) reason = flaw_in_strings(model);
  if (reason.empty()) reason = flaw_in_channel_scales(model, head_size);
  if (reason.empty()) reason = flaw_in_numbers(model);
  if (!reason.empty()) return reason;

  reason = flaw_in_subgraphs(model, head_size);
  for (uint32_t index = 0; index < model.subgraphs()->size() && reason.empty(); ++index) {
    reason = flaw_in_subgraph(model, index);
    if (!reason.empty() && index > 0) reason = text({"in subgraph ", index, ", ", reason});
  }
  return reason.empty() ? flaw_in_references(model) : reason;
}

}  // namespace passerelle::blob
