// Tables of text, aligned, that fit a terminal.
#pragma once

#include <string>
#include <vector>

namespace passerelle::report {

inline constexpr size_t text_width = 100;

struct Column {
  enum Align { left, right };
  std::string title;
  Align align = left;
  bool wraps = false;  ///< takes what room the other columns leave, over several lines if need be
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);
  /// One cell a column. Cells are UTF-8 without line feeds.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// Titles, a rule and the rows, each line indented and ended with a line feed; no trailing spaces.
  std::string text(size_t indent = 0) const;

 private:
  std::vector<size_t> widths(size_t available) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Breaks between words so that no line is wider than `width` (a longer word is cut).
std::vector<std::string> wrapped(const std::string& text, size_t width);

/// How many columns UTF-8 text takes (one a code point: combining and double-width characters are not looked at).
size_t columns_of(const std::string& text);

}  // namespace passerelle::report
