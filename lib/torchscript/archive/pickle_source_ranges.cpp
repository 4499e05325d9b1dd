// *.debug_pkl: a tuple of (offset, range[, tag]), or of a mark, all strings, and such a tuple whose texts are numbers
// of strings. A range is (source, begin, end), a source is (text, file, first line).
#include <unordered_set>

#include "pickle_machine.h"

namespace passerelle::torchscript {
namespace {

constexpr std::string_view string_table_mark = "FORMAT_WITH_STRING_TABLE";
constexpr size_t most_lines = size_t{1} << 24;

const PickleValue& part(const PickleValue& value, size_t index, PickleKind kind) {
  if (value.kind != PickleKind::tuple || index >= value.elements.size() || value.elements[index]->kind != kind)
    throw PickleFlaw{"has a source range in an unknown form"};
  return *value.elements[index];
}

class Ranges {
 public:
  explicit Ranges(const PickleValue* strings) : strings_(strings) {}

  void check(const PickleValue& records, size_t first) {
    for (size_t i = first; i < records.elements.size(); ++i) {
      const PickleValue& record = part(records, i, PickleKind::tuple);
      part(record, 0, PickleKind::integer);
      check_range(part(record, record.elements.size() == 2 || is_range(record, 1) ? 1 : 2, PickleKind::tuple));
    }
  }

 private:
  static bool is_range(const PickleValue& record, size_t index) {
    return index < record.elements.size() && record.elements[index]->kind == PickleKind::tuple;
  }

  void check_range(const PickleValue& range) {
    check_source(part(range, 0, PickleKind::tuple));
    const int64_t begin = part(range, 1, PickleKind::integer).integer,
                  end = part(range, 2, PickleKind::integer).integer;
    // PyTorch's own ranges may end behind their source, and LibTorch minds.
    if (range.elements.size() != 3 || begin < 0 || end < 0 || begin > INT32_MAX || end > INT32_MAX)
      throw PickleFlaw{"has a source range at an impossible place"};
  }

  /// Each once, as LibTorch does: all ranges in a source name it, and it may have as many lines.
  void check_source(const PickleValue& source) {
    if (!checked_.insert(&source).second) return;
    part(source, 2, PickleKind::integer);
    if (strings_ == nullptr) {
      part(source, 0, PickleKind::string);
      if (source.elements[1]->kind != PickleKind::none) part(source, 1, PickleKind::string);
      return;
    }
    const PickleValue& lines = part(source, 0, PickleKind::list);
    lines_ += lines.elements.size();
    if (lines_ > most_lines) throw PickleFlaw{"repeats lines of source too often"};
    for (const PickleValue* index : lines.elements) check_string(*index);
    check_string(part(source, 1, PickleKind::integer));
  }

  void check_string(const PickleValue& index) const {
    if (index.kind != PickleKind::integer || index.integer < 0)
      throw PickleFlaw{"has a source range in an unknown form"};
    if (static_cast<uint64_t>(index.integer) >= strings_->elements.size())
      throw PickleFlaw{"names a line of source that it does not have"};
    part(*strings_, static_cast<size_t>(index.integer), PickleKind::string);
  }

  const PickleValue* strings_;
  std::unordered_set<const PickleValue*> checked_;
  size_t lines_ = 0;  // of all sources that were checked
};

}  // namespace

std::optional<std::string> flaw_in_source_ranges(Bytes pickle) {
  try {
    const Declarations none;
    PickleMachine machine(
        pickle, [](std::string_view) { return std::nullopt; }, none, Repetition::free);
    const PickleValue& root = machine.run();
    if (root.kind != PickleKind::tuple || root.elements.empty()) throw PickleFlaw{"has no source ranges"};
    const bool has_table = root.elements[0]->kind == PickleKind::string && root.elements[0]->text == string_table_mark;
    if (has_table)
      Ranges(&part(root, 1, PickleKind::tuple)).check(part(root, 2, PickleKind::tuple), 0);
    else
      Ranges(nullptr).check(root, 0);
  } catch (const PickleFlaw& flaw) {
    return flaw.what;
  }
  return std::nullopt;
}

}  // namespace passerelle::torchscript
