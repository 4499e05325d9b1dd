// What somebody may have meant who misspelt a word.
#pragma once

#include <string>
#include <vector>

namespace passerelle::cli {

/// "; did you mean --min-api?" for the candidate that is nearest to `word`, or "" where none is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace passerelle::cli
