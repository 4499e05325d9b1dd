// Messages put together from their parts, in little code: the loader has many, and has to be small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>

namespace passerelle {

/// A part of a message: text that somebody else keeps, or an integer. Two words, as each is built where it is used.
class TextPart {
 public:
  TextPart(const char* text) : text_(text) {}
  TextPart(const std::string& text) : text_(text.c_str()) {}
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  TextPart(Integer number)
      : text_(number < 0 ? minus : nullptr),
        number_(number < 0 ? uint64_t{0} - static_cast<uint64_t>(number) : static_cast<uint64_t>(number)) {}

  void append_to(std::string& out) const {
    if (text_) out.append(text_);
    if (text_ && text_ != minus) return;
    char digits[20];
    size_t begin = sizeof digits;
    uint64_t rest = number_;
    do {
      digits[--begin] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    out.append(digits + begin, sizeof digits - begin);
  }

 private:
  static constexpr char minus[] = "-";  ///< this very one: a number follows

  const char* text_;
  uint64_t number_ = 0;
};

/// Not inline: it is called in dozens of places.
__attribute__((noinline)) inline std::string text(std::initializer_list<TextPart> parts) {
  std::string result;
  for (const TextPart& part : parts) part.append_to(result);
  return result;
}

}  // namespace passerelle
