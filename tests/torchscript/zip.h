// Zip files as tests want them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace passerelle::torchscript::testing {

/// A file's name and content.
using Member = std::pair<std::string, std::string>;

/// A zip file of uncompressed members, with the right checksums.
std::string zip(const std::vector<Member>& members);

}  // namespace passerelle::torchscript::testing
