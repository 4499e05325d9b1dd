#include "nearest.h"

#include <algorithm>

namespace passerelle::cli {
namespace {

/// How many letters have to be put in, left out, replaced, or swapped with their neighbour.
size_t edits(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  if (word.size() < 3) return {};  // of one letter any other is as near
  const std::string* nearest = nullptr;
  size_t fewest = word.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const bool is_begin = word.size() > 3 && candidate.compare(0, word.size(), word) == 0;
    const size_t needed = is_begin ? 1 : edits(word, candidate);
    if (needed > fewest || (needed == fewest && nearest != nullptr)) continue;
    fewest = needed;
    nearest = &candidate;
  }
  return nearest == nullptr ? "" : "; did you mean " + *nearest + "?";
}

}  // namespace passerelle::cli
