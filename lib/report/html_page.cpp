#include "html_page.h"

#include <nlohmann/json.hpp>

#include "html_assets.h"

namespace passerelle::report {
namespace {

constexpr size_t most_drawn = 3000;     // a browser lays out and draws as many nodes in a few seconds
constexpr size_t rows_with_filter = 8;  // a shorter table is seen at a glance

const char* sign(Tone tone) {
  switch (tone) {
    case Tone::good: return "✓";
    case Tone::fair: return "!";
    case Tone::bad: return "✕";
    case Tone::plain: return "i";
  }
  return "";
}

const char* name(HtmlColumn::Kind kind) {
  switch (kind) {
    case HtmlColumn::text: return "";
    case HtmlColumn::number: return "number";
    case HtmlColumn::code: return "code";
    case HtmlColumn::keep: return "keep";
    case HtmlColumn::name: return "code keep";
    case HtmlColumn::place: return "code place";
  }
  return "";
}

const char* name(PictureNode::Look look) {
  switch (look) {
    case PictureNode::Look::plain: return "plain";
    case PictureNode::Look::port: return "port";
    case PictureNode::Look::unsupported: return "unsupported";
    case PictureNode::Look::overhead: return "overhead";
  }
  return "";
}

void replace(std::string& text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
}

/// Within a script element: nothing may look like its end.
std::string data(const nlohmann::ordered_json& json) {
  std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string result;
  for (char c : text) {
    if (c == '<')
      result += "\\u003c";
    else
      result += c;
  }
  return result;
}

nlohmann::ordered_json picture_json(const Picture& picture) {
  auto nodes = nlohmann::ordered_json::array(), edges = nlohmann::ordered_json::array();
  for (const PictureNode& node : picture.nodes)
    nodes.push_back({{"label", node.label},
                     {"detail", node.detail},
                     {"module", node.module},
                     {"place", node.place},
                     {"look", name(node.look)}});
  for (const PictureEdge& edge : picture.edges) edges.push_back({{"from", edge.from}, {"to", edge.to}});
  return {{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
}

bool has(const Picture& picture, PictureNode::Look look) {
  for (const PictureNode& node : picture.nodes)
    if (node.look == look) return true;
  return false;
}

}  // namespace

const char* name(Tone tone) {
  switch (tone) {
    case Tone::good: return "good";
    case Tone::fair: return "fair";
    case Tone::bad: return "bad";
    case Tone::plain: return "plain";
  }
  return "";
}

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

HtmlCell line_cell(const graph::SourceLocation& at) {
  if (at.file.empty()) return "";
  const std::string line = at.line > 0 ? ":" + std::to_string(at.line) : "";
  HtmlCell cell(at.file.substr(at.file.find_last_of('/') + 1) + line);
  cell.hint = at.file + line;
  return cell;
}
HtmlCell line_cell(const graph::Origin& origin) {
  return line_cell(origin.user.file.empty() ? origin.innermost : origin.user);
}

HtmlCell place_cell(const graph::Origin& origin) {
  HtmlCell cell = line_cell(origin);
  if (origin.module_path.empty()) return cell;
  cell.text = origin.module_path + (cell.text.empty() ? "" : " (" + cell.text + ")");
  return cell;
}

HtmlPage::HtmlPage(std::string kind, std::string subject) : kind_(std::move(kind)), subject_(std::move(subject)) {}

void HtmlPage::verdict(Tone tone, const std::string& headline, const std::string& text) {
  header_ += "<div class=\"verdict " + std::string(name(tone)) +
             "\" id=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">" + sign(tone) + "</span><h1>" +
             escaped(headline) + "</h1>";
  header_ += "<p>" + escaped(text) + "</p></div>\n";
}

void HtmlPage::facts(const std::vector<Fact>& facts) {
  header_ += "<dl class=\"facts\">\n";
  for (const Fact& fact : facts) {
    header_ += "<div><dt>" + escaped(fact.label) + "</dt><dd>" + escaped(fact.value);
    if (!fact.remark.empty()) header_ += "<small>" + escaped(fact.remark) + "</small>";
    if (fact.share >= 0)
      header_ += "<meter min=\"0\" max=\"1\" low=\"0.5\" high=\"0.999\" optimum=\"1\" value=\"" +
                 std::to_string(fact.share) + "\" aria-label=\"" + escaped(fact.label) + "\"></meter>";
    header_ += "</dd></div>\n";
  }
  header_ += "</dl>\n";
}

void HtmlPage::close_section() {
  if (open_) main_ += "</section>\n";
  open_ = false;
}

void HtmlPage::section(const std::string& id, const std::string& title, const std::string& text) {
  close_section();
  open_ = true;
  sections_.emplace_back(id, title);
  main_ += "<section id=\"" + id + "\" aria-labelledby=\"" + id + "-title\">\n<h2 id=\"" + id + "-title\">" +
           escaped(title) + "</h2>\n";
  if (!text.empty()) main_ += "<p>" + escaped(text) + "</p>\n";
}

void HtmlPage::table(const HtmlTable& table) {
  if (table.rows.size() >= rows_with_filter)
    main_ += "<div class=\"tools\" data-filters=\"" + table.id + "\" hidden><label>Filter <input type=\"search\" " +
             "placeholder=\"words in a row\" autocomplete=\"off\" spellcheck=\"false\"></label>" +
             "<output aria-live=\"polite\"></output></div>\n";
  main_ += "<div class=\"scroll\"><table class=\"cards\" role=\"table\" id=\"" + table.id + "\" data-sortable>\n";
  if (!table.caption.empty()) main_ += "<caption>" + escaped(table.caption) + "</caption>\n";
  main_ += "<thead role=\"rowgroup\"><tr role=\"row\">";
  for (const HtmlColumn& column : table.columns)
    main_ += "<th role=\"columnheader\" scope=\"col\" class=\"" + std::string(name(column.kind)) + "\">" +
             escaped(column.title) + "</th>";
  main_ += "</tr></thead>\n<tbody role=\"rowgroup\">\n";
  for (const HtmlRow& row : table.rows) {
    main_ += "<tr role=\"row\" class=\"" + std::string(name(row.tone)) + (row.marked ? " marked" : "") + "\">";
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const HtmlCell& cell = row.cells[i];
      main_ += "<td role=\"cell\" class=\"" + std::string(name(table.columns[i].kind)) + "\" data-label=\"" +
               escaped(table.columns[i].title) + "\"";
      if (!cell.key.empty()) main_ += " data-key=\"" + escaped(cell.key) + "\"";
      if (!cell.hint.empty()) main_ += " title=\"" + escaped(cell.hint) + "\"";
      main_ += ">" + escaped(cell.text) + "</td>";
    }
    main_ += "</tr>\n";
  }
  main_ += "</tbody></table></div>\n";
}

void HtmlPage::picture(const Picture& picture) {
  if (picture.nodes.size() > most_drawn) {
    main_ += "<p>It has " + std::to_string(picture.nodes.size()) +
             " nodes, too many to be drawn here. The tables have them all, and --format dot has the whole graph.</p>\n";
    return;
  }
  const std::string id = "graph" + std::to_string(pictures_++);
  main_ += "<div class=\"tools\" data-tools=\"" + id + "\" hidden><label>Search <input type=\"search\" " +
           "placeholder=\"operator, shape, module or line\" autocomplete=\"off\" spellcheck=\"false\"></label>" +
           "<output aria-live=\"polite\"></output>" +
           "<button type=\"button\" data-action=\"in\" aria-label=\"Zoom in\">+</button>" +
           "<button type=\"button\" data-action=\"out\" aria-label=\"Zoom out\">−</button>" +
           "<button type=\"button\" data-action=\"fit\">Whole graph</button>" +
           "<button type=\"button\" data-action=\"next\">Next unsupported</button></div>\n";
  main_ +=
      "<div class=\"graph\" id=\"" + id + "\"><svg tabindex=\"0\" role=\"application\" aria-label=\"The graph. " +
      "Arrow keys go from node to node, plus and minus zoom, 0 shows all of it.\"></svg>" +
      "<div class=\"about\" aria-live=\"polite\">Drag to move, pinch or Ctrl and wheel to zoom; choose a node to see " +
      "where it comes from.</div><script type=\"application/json\">" + data(picture_json(picture)) +
      "</script></div>\n<ul class=\"legend\">";
  const auto legend = [&](PictureNode::Look look, Tone tone, const char* words) {
    if (has(picture, look)) main_ += std::string("<li class=\"") + name(tone) + "\"><i></i>" + words + "</li>";
  };
  legend(PictureNode::Look::port, Tone::plain, "input or output");
  legend(PictureNode::Look::unsupported, Tone::bad, "✕ can't be converted");
  legend(PictureNode::Look::overhead, Tone::fair, "moves or converts data, computes nothing");
  main_ += "</ul>\n";
}

void HtmlPage::plot(const std::string& svg) { main_ += "<div class=\"plot\">" + svg + "</div>\n"; }

std::string HtmlPage::text() const {
  std::string body = "<header>\n<p class=\"kicker\"><b>passerelle " + escaped(kind_) + "</b><span class=\"mono\">" +
                     escaped(subject_) + "</span></p>\n" + header_;
  if (sections_.size() > 1) {
    body += "</header>\n<nav aria-label=\"Parts of this report\"><ul>";
    for (const auto& [id, title] : sections_) body += "<li><a href=\"#" + id + "\">" + escaped(title) + "</a></li>";
    body += "</ul></nav>\n";
  } else {
    body += "</header>\n";
  }
  body += "<main id=\"content\">\n" + main_ + (open_ ? "</section>\n" : "") + "</main>\n";
  body += "<footer>Made by passerelle. This page is one file: it loads nothing from elsewhere.</footer>";
  std::string page(page_html);
  replace(page, "@TITLE@", escaped(subject_ + " – passerelle " + kind_));
  replace(page, "@CSS@", std::string(page_css));
  replace(page, "@JS@", std::string(page_js));
  replace(page, "@BODY@", body);  // last: what it holds is nobody's to replace
  return page;
}

}  // namespace passerelle::report
