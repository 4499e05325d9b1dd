// Several .npy files that appear together.
#pragma once

#include <string>
#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/support/atomic_file.h"
#include "passerelle/support/expected.h"

namespace passerelle::graph {

/// What add() writes gets its name, over older files, only in commit(), when all of it is on the disk. Destroyed
/// without commit(): removed. Errors are those of write_npy().
class NpyFiles {
 public:
  Expected<void> add(const std::string& path, const HostTensor& tensor);
  Expected<void> commit();

 private:
  std::vector<AtomicFile> files_;
};

}  // namespace passerelle::graph
