// Module → .nnapi file.
//
// The module is what passes::run left: each operation's arguments are NNAPI's positional list (monostate: an optional
// tensor that is not given), every operation legal at the target level. The same module and options give the same
// bytes, always.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passerelle/blob/view.h"
#include "passerelle/graph/element_type.h"
#include "passerelle/graph/graph.h"
#include "passerelle/nnapi/operand_type.h"
#include "passerelle/support/expected.h"

namespace passerelle::blob {

struct WriteOptions {
  bool strip_origins = false;  ///< leave out where operations came from: smaller, and tells nobody about the source
  std::string producer;        ///< "passerelle 0.1.0"
  nnapi::FeatureLevel feature_level = nnapi::lowest_feature_level;  ///< that running the model needs
  std::vector<std::string> numbers;  ///< Python numbers that the model was called with, as SPECs: "times=int=3"
  uint64_t window_limit =
      uint64_t{1} << 30;  ///< bytes of a window, but for one larger constant; smaller for tests alone
};

struct WriteSummary {
  uint64_t file_size = 0;       ///< bytes
  uint64_t head_size = 0;       ///< bytes of everything but weights: tables, small constants, origins
  uint64_t constant_bytes = 0;  ///< of distinct constants, wherever they are stored
  uint64_t shared_bytes = 0;    ///< that equal constants would have taken if each were stored
  uint32_t constants = 0;       ///< constant operands
  uint32_t windows = 0;
  uint32_t operands = 0;
  uint32_t operations = 0;
};

/// Constants are made real piece by piece while the file is written; the file appears whole or not at all.
/// Errors: `unsupported` for a constant of 4 GiB or more, or where a count exceeds what the format can hold;
/// `unwritable`.
Expected<WriteSummary> write(const graph::Module& module, const WriteOptions& options, const std::string& path);

/// The file's bytes, in memory.
Expected<std::vector<unsigned char>> write(const graph::Module& module, const WriteOptions& options);

/// The dtypes are the same; the reader knows nothing of the graph.
graph::ElementType element_type(Dtype dtype);

}  // namespace passerelle::blob
