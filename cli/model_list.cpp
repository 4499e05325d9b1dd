#include "model_list.h"

#include <filesystem>
#include <fstream>

namespace passerelle::cli {
namespace {

constexpr const char* blanks = " \t\r\f\v";

bool is_blank(char letter) { return letter != '\0' && std::string(blanks).find(letter) != std::string::npos; }

/// Splits from `at` on. `plain` is where the words in front of the first option end.
class Splitter {
 public:
  explicit Splitter(const std::string& line) : line_(line) {}

  Expected<std::vector<std::string>> split() {
    while (skip_blanks()) {
      const size_t begin = at_;
      std::string word;
      if (!take_word(word)) return Error{ErrorKind::usage, "a quote has no end"};
      if (words_.empty() && word.compare(0, 1, "-") != 0) in_front_ = true;
      if (in_front_ && word.compare(0, 1, "-") == 0) in_front_ = false;
      if (in_front_) path_end_ = at_, ++path_words_;
      words_.push_back(std::move(word));
      quoted_ = quoted_ || (in_front_ && line_.substr(begin, at_ - begin).find_first_of("'\"\\") != std::string::npos);
    }
    join_path();
    return std::move(words_);
  }

 private:
  /// False at the end, or at a comment.
  bool skip_blanks() {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
    return at_ < line_.size() && line_[at_] != '#';
  }

  bool take_word(std::string& word) {
    char quote = '\0';
    for (; at_ < line_.size() && (quote != '\0' || !is_blank(line_[at_])); ++at_) {
      const char letter = line_[at_];
      if (letter == '\\' && quote != '\'' && at_ + 1 < line_.size() && line_[at_ + 1] != '\r')
        word += line_[++at_];
      else if (quote == '\0' && (letter == '\'' || letter == '"'))
        quote = letter;
      else if (letter == quote)
        quote = '\0';
      else
        word += letter;
    }
    return quote == '\0';
  }

  /// "my model.pt --min-api 29": what stands in front of the options is one path where no two files could be meant.
  void join_path() {
    if (path_words_ < 2 || quoted_) return;
    const size_t begin = line_.find_first_not_of(blanks);
    const std::string path = line_.substr(begin, path_end_ - begin);
    words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(path_words_));
    words_.insert(words_.begin(), path);
  }

  const std::string& line_;
  size_t at_ = 0, path_end_ = 0, path_words_ = 0;
  bool in_front_ = false, quoted_ = false;
  std::vector<std::string> words_;
};

}  // namespace

Expected<std::vector<std::string>> words_of(const std::string& line) { return Splitter(line).split(); }

Expected<std::vector<ListedModel>> read_model_list(const std::string& path) {
  std::error_code error;
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path, error))
    return Error{ErrorKind::unreadable, "cannot read the list of models " + path};
  std::vector<ListedModel> models;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (number == 1 && line.compare(0, 3, "\xEF\xBB\xBF") == 0) line.erase(0, 3);
    Expected<std::vector<std::string>> words = words_of(line);
    if (!words) return Error{ErrorKind::usage, path + ":" + std::to_string(number) + ": " + words.error().message};
    if (!words->empty()) models.push_back({number, *std::move(words)});
  }
  if (models.empty()) return Error{ErrorKind::usage, path + " lists no model: a line is MODEL.pt [OPTION]..."};
  return models;
}

}  // namespace passerelle::cli
