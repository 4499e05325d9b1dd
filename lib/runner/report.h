// What passerelle-run prints.
#pragma once

#include <string>
#include <vector>

#include "passerelle/loader/passerelle.hpp"
#include "passerelle/runner/bench.h"

namespace passerelle::runner {

/// What happened, as far as it did: parts that there are not are left out.
struct Report {
  std::string file, library;
  loader::Nnapi nnapi;
  loader::Model model;
  loader::Compilation compilation;
  uint64_t open_time = 0, compile_time = 0;  ///< nanoseconds
  std::vector<uint64_t> placement;           ///< of each operation: a set of devices
  BenchResult bench;
  std::vector<std::string> outputs;  ///< paths
};

std::string to_text(const Report& report);
/// One document, with a line feed at its end.
std::string to_json(const Report& report);

}  // namespace passerelle::runner
