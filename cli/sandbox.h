// What a process gives up before it opens a file that nobody trusts.
#pragma once

#include <string>
#include <vector>

namespace passerelle::cli {

/// From here on, as far as the kernel has it (Landlock, seccomp), this process and its threads may write files in these
/// folders and below them alone, start no program, and have no network. To be called before other threads are started.
/// Reading stays as it was: a model, its inputs and an NNAPI library may lie anywhere.
void give_up_rights(const std::vector<std::string>& written_folders);

}  // namespace passerelle::cli
