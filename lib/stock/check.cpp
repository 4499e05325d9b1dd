// Whether words may be given to PyTorch's class: its reader adds counts up without a look at what they come to.
#include "format.h"
#include "passerelle/stock/model.h"

namespace passerelle::stock {
namespace {

class Checker {
 public:
  Checker(Span<const int32_t> words, Span<const uint64_t> buffers) : words_(words), buffers_(buffers) {}

  std::string flaw() {
    if (words_.size() < header_words) return "it ends inside of its head";
    if (words_[0] != format_version) return "it is of version " + std::to_string(words_[0]);
    for (size_t i = 1; i < header_words; ++i)
      if (words_[i] < 0 || words_[i] > most_of_a_kind) return "a count in its head is out of range";
    const auto operands = static_cast<size_t>(words_[1]), values = static_cast<size_t>(words_[2]);
    const auto operations = static_cast<size_t>(words_[3]);
    const size_t ports = static_cast<size_t>(words_[4]) + static_cast<size_t>(words_[5]);
    const size_t tables = header_words + operands * operand_words + values * value_words + operations * operation_words;
    if (words_.size() < tables) return "it ends inside of its tables";
    const size_t value_table = header_words + operands * operand_words;
    const size_t operation_table = value_table + values * value_words;
    uint64_t dimensions = 0, arguments = 0;
    for (size_t i = 0; i < operands; ++i)
      if (!add(words_[header_words + i * operand_words + 1], dimensions)) return "an operand has too many dimensions";
    for (size_t i = 0; i < operations; ++i)
      for (size_t field : {1, 2})
        if (!add(words_[operation_table + i * operation_words + field], arguments))
          return "an operation has too many arguments";
    if (std::string reason = flaw_in_values(value_table, values, operands, tables + dimensions); !reason.empty())
      return reason;
    const uint64_t data = data_words_;
    if (words_.size() != tables + dimensions + data + arguments + ports) return "it does not end where its arrays do";
    for (size_t i = words_.size() - arguments - ports; i < words_.size(); ++i)
      if (words_[i] < 0 || static_cast<size_t>(words_[i]) >= operands) return "it names an operand that does not exist";
    return {};
  }

 private:
  static bool add(int32_t count, uint64_t& sum) {
    if (count < 0 || count > most_of_a_kind) return false;
    sum += static_cast<uint64_t>(count);
    return true;
  }

  std::string flaw_in_values(size_t table, size_t count, size_t operands, uint64_t data) {
    const uint64_t first = data;
    for (size_t i = 0; i < count; ++i) {
      const int32_t operand = words_[table + i * value_words], source = words_[table + i * value_words + 1];
      const int32_t length = words_[table + i * value_words + 2];
      if (operand < 0 || static_cast<size_t>(operand) >= operands)
        return "a value is of an operand that does not exist";
      if (length < 0) return "a value has a negative size";
      const uint64_t next = data + padded(static_cast<size_t>(length)) / 4;
      if (next > words_.size()) return "it ends inside of a value";
      if (source == numbered_buffer) {
        if (length != place_words * 4) return "a value in a buffer has no place there";
        if (!is_place(static_cast<size_t>(data))) return "a value lies outside of its buffer";
      } else if (source != immediate) {
        return "a value is neither here nor in a buffer";
      }
      data = next;
    }
    data_words_ = data - first;
    return {};
  }

  bool is_place(size_t at) const {
    const int32_t buffer = words_[at], offset = words_[at + 1], size = words_[at + 2];
    if (buffer < 0 || offset < 0 || size < 0 || static_cast<size_t>(buffer) >= buffers_.size()) return false;
    return static_cast<uint64_t>(offset) + static_cast<uint64_t>(size) <= buffers_[static_cast<size_t>(buffer)];
  }

  Span<const int32_t> words_;
  Span<const uint64_t> buffers_;
  uint64_t data_words_ = 0;
};

}  // namespace

Summary summary(Span<const int32_t> words) {
  Summary result;
  result.operations = static_cast<size_t>(words[3]);
  for (size_t i = 0; i < static_cast<size_t>(words[1]); ++i) {
    const auto type = nnapi::operand_type_from_code(words[header_words + i * operand_words]);
    result.in_integers = result.in_integers || (type && nnapi::is_tensor(*type) && nnapi::is_quantized(*type));
  }
  return result;
}

std::string flaw(Span<const int32_t> words, Span<const uint64_t> buffer_sizes) {
  return Checker(words, buffer_sizes).flaw();
}

}  // namespace passerelle::stock
