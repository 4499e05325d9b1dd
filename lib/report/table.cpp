#include "passerelle/report/table.h"

#include <algorithm>

#include "passerelle/report/style.h"
#include "passerelle/support/check.h"

namespace passerelle::report {
namespace {

constexpr size_t gap = 2;
constexpr size_t narrowest_wrapped = 16;

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

/// The bytes that the first `width` code points take.
size_t bytes_of(const std::string& text, size_t width) {
  size_t end = 0;
  while (end < text.size()) {
    if (begins_code_point(text[end]) && width-- == 0) break;
    ++end;
  }
  return end;
}

std::string padded(const std::string& cell, size_t width, Column::Align align) {
  std::string space(width - std::min(width, columns_of(cell)), ' ');
  return align == Column::right ? space + cell : cell + space;
}

}  // namespace

size_t columns_of(const std::string& text) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size(); ++i)
    if (begins_code_point(text[i]) && !is_style_mark(&text[i], text.size() - i)) ++columns;
  return columns;
}

std::vector<std::string> wrapped(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = std::min(text.find(' ', at), text.size());
    std::string word = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && columns_of(line) + 1 + columns_of(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    while (line.empty() && columns_of(word) > width) {
      size_t cut = bytes_of(word, width);
      lines.push_back(word.substr(0, cut));
      word.erase(0, cut);
    }
    line += word;
  }
  if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
  return lines;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
  check(cells.size() == columns_.size(), "a row of a table has a cell for each column");
  rows_.push_back(std::move(cells));
}

std::vector<size_t> Table::widths(size_t available) const {
  std::vector<size_t> widths;
  size_t fixed = gap * (columns_.size() - 1);
  size_t wrapping = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    size_t width = columns_of(columns_[c].title);
    for (const auto& row : rows_) width = std::max(width, columns_of(row[c]));
    widths.push_back(width);
    if (columns_[c].wraps)
      ++wrapping;
    else
      fixed += width;
  }
  if (wrapping == 0) return widths;
  size_t share = std::max(narrowest_wrapped, (available - std::min(available, fixed)) / wrapping);
  for (size_t c = 0; c < columns_.size(); ++c)
    if (columns_[c].wraps) widths[c] = std::min(widths[c], share);
  return widths;
}

std::string Table::text(size_t indent) const {
  std::vector<size_t> widths = this->widths(text_width - std::min(indent, text_width));
  std::string result;
  auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line(indent, ' ');
    for (size_t c = 0; c < cells.size(); ++c)
      line += padded(cells[c], widths[c], columns_[c].align) + std::string(c + 1 < cells.size() ? gap : 0, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + '\n';
  };
  auto add_row = [&](const std::vector<std::string>& cells) {
    std::vector<std::vector<std::string>> lines;  // of each cell
    size_t height = 1;
    for (size_t c = 0; c < cells.size(); ++c) {
      lines.push_back(columns_[c].wraps ? wrapped(cells[c], widths[c]) : std::vector{cells[c]});
      height = std::max(height, lines[c].size());
    }
    for (size_t i = 0; i < height; ++i) {
      std::vector<std::string> line;
      for (const auto& cell : lines) line.push_back(i < cell.size() ? cell[i] : "");
      add_line(line);
    }
  };

  std::vector<std::string> titles, rules;
  for (size_t c = 0; c < columns_.size(); ++c) {
    titles.push_back(columns_[c].title);
    rules.push_back(std::string(widths[c], '-'));
  }
  add_line(titles);
  add_line(rules);
  for (const auto& row : rows_) add_row(row);
  return result;
}

}  // namespace passerelle::report
