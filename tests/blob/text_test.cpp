#include "text.h"

#include <string>

#include "catch.h"
#include "string_pool.h"

using passerelle::blob::is_plain_text;
using passerelle::blob::plain_text;

TEST_CASE("plain text is UTF-8 without control characters") {
  for (const std::string text : {"", "features.3.conv", "réseau.py", "模型", "\U0001F309", "\u00A0"})
    CHECK(is_plain_text(text.data(), text.size()));
  const std::string bad[] = {"a\nb",
                             "\x1b[2J",
                             std::string("a\0b", 3),
                             "\x7f",
                             "\xC2\x9B",
                             "\x80",
                             "\xC0\xAF",
                             "\xE0\x80\x80",
                             "\xED\xA0\x80",
                             "\xF4\x90\x80\x80",
                             "\xF8\x88\x80\x80\x80",
                             "\xC3",
                             "\xE6\xA8",
                             "\xF0\x9F\x8C",
                             "\xC3(",
                             "\xFF"};
  for (const std::string& text : bad) CHECK_FALSE(is_plain_text(text.data(), text.size()));
}

TEST_CASE("what is no plain text is replaced when written") {
  CHECK(plain_text("a\nb\xFFx", 100) == "a?b?x");
  CHECK(plain_text("réseau", 100) == "réseau");
  CHECK(plain_text("aé", 2) == "a");
  CHECK(plain_text("abc", 2) == "ab");
}
