// passerelle-run's command line.
#pragma once

#include <string>
#include <vector>

#include "passerelle/bench/timing.h"
#include "passerelle/loader/passerelle.hpp"
#include "passerelle/support/expected.h"

namespace passerelle::runner {

struct Options {
  std::string file;
  std::vector<std::string> inputs;
  std::string output_dir;
  bool bench = false, devices = false, where = false, json = false, help = false, version = false;
  std::string nnapi;  ///< empty: the system's
  std::string device, cache_directory, crash_directory;
  bool burst = false;
  uint64_t run_timeout = 0;  ///< nanoseconds
  loader::CompileOptions compile;
  bench::Options benching{5, 50, 30.0};

  /// What of it goes to the loader; it points into this.
  loader::CompileOptions compile_options() const;
};

/// Errors: `usage`.
Expected<Options> parse(const std::vector<std::string>& arguments);

std::string help();

}  // namespace passerelle::runner
