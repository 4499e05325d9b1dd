// The files of lib/report/html, as they are built in.
#pragma once

#include <string_view>

namespace passerelle::report {
extern const std::string_view page_html, page_css, page_js;
}
