// check --list: a text file with a model a line, and behind it its options.
#pragma once

#include <string>
#include <vector>

#include "passerelle/support/expected.h"

namespace passerelle::cli {

struct ListedModel {
  size_t line = 0;                 ///< counted from 1
  std::vector<std::string> words;  ///< the model and its options, as a shell would hand them over
};

/// The words of a line: parted by spaces, quoted as for a shell ('...', "...", \), from # on a comment. A path with
/// spaces in front of the options needs no quotes. Errors: `usage` for a quote without its end.
Expected<std::vector<std::string>> words_of(const std::string& line);

/// Lines may end as Windows writes them, the last one anyhow; those without a word are left out. Errors: `unreadable`,
/// `usage` for a line that is none, or a file without one.
Expected<std::vector<ListedModel>> read_model_list(const std::string& path);

}  // namespace passerelle::cli
