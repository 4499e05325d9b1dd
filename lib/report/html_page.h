// One self-contained page: what the HTML form of every report is made with. Texts are escaped here; callers give plain
// ones.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "passerelle/graph/diagnostic.h"
#include "passerelle/report/picture.h"

namespace passerelle::report {

/// The colour and sign of good or bad news.
enum class Tone { good, fair, bad, plain };
const char* name(Tone tone);  ///< the CSS class

std::string escaped(const std::string& text);

struct HtmlColumn {
  enum Kind { text, number, code, keep, name, place };  ///< keep: stays on one line; name: code that does
  std::string title;
  Kind kind = text;
};
struct HtmlCell {
  HtmlCell(std::string text, std::string key = {}) : text(std::move(text)), key(std::move(key)) {}
  HtmlCell(const char* text) : text(text) {}
  std::string text;
  std::string key;   ///< what it is sorted by, where that is not the text
  std::string hint;  ///< the whole of what is shortened
};
/// "net.py:42", with the whole path as its hint.
HtmlCell line_cell(const graph::SourceLocation& at);
HtmlCell line_cell(const graph::Origin& origin);  ///< of the user's line, or else of the innermost
/// "features.0 (net.py:42)", with the same hint.
HtmlCell place_cell(const graph::Origin& origin);
struct HtmlRow {
  std::vector<HtmlCell> cells;
  Tone tone = Tone::plain;
  bool marked = false;  ///< the one to look at
};
struct HtmlTable {
  std::string id;  ///< a word, no other table's
  std::string caption;
  std::vector<HtmlColumn> columns;
  std::vector<HtmlRow> rows;
};

struct Fact {
  std::string label, value, remark;
  double share = -1;  ///< 0 to 1 is drawn as a bar
};

class HtmlPage {
 public:
  /// `kind`: "check"; `subject`: the file that it is about.
  HtmlPage(std::string kind, std::string subject);

  void verdict(Tone tone, const std::string& headline, const std::string& text);
  void facts(const std::vector<Fact>& facts);
  /// Begins a section, and a link to it.
  void section(const std::string& id, const std::string& title, const std::string& text = {});
  void table(const HtmlTable& table);
  void picture(const Picture& picture);
  /// A drawing in SVG, made of escaped text; of two, with the classes wide and narrow, the one that fits is shown.
  void plot(const std::string& svg);
  /// As it stands.
  void raw(const std::string& html) { main_ += html; }

  std::string text() const;

 private:
  void close_section();

  std::string kind_, subject_, header_, main_;
  std::vector<std::pair<std::string, std::string>> sections_;
  bool open_ = false;
  size_t pictures_ = 0;
};

}  // namespace passerelle::report
