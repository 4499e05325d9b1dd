// Structure-aware mutation of TorchScript archives: members, pickles operation by operation, code token by token.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "zip.h"

namespace passerelle::torchscript::testing {

using Random = std::minstd_rand;
using Members = std::vector<Member>;

/// The members of an archive, unpacked. std::exception where LibTorch can't read it.
Members members_of(const std::string& path);

/// A zip file of the members with one to four things changed; `other` is an archive to take parts from. The checksums
/// are right, but where the zip file's own records are what was changed.
std::string mutated(Members members, const Members& other, Random& random);

}  // namespace passerelle::torchscript::testing
