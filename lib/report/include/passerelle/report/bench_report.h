// How long a .nnapi file takes, and its model in LibTorch: the data, and the forms in which it is told.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "passerelle/bench/timing.h"

namespace passerelle::report {

struct BenchRow {
  std::string engine;  ///< "LibTorch 1.13.1", "NNAPI"
  int threads = 0;     ///< that it was given; 0: its own choice
  bench::Timing timing;
};

struct BenchReport {
  std::string file, model, library;  ///< model: empty where there was nothing to compare with
  bench::Options options;
  double compile_seconds = 0;  ///< NNAPI's, once
  std::vector<BenchRow> rows;
  size_t baseline = 0;  ///< the row whose latency is 1: LibTorch with one thread, or the first

  double normalised(const BenchRow& row) const;
};

std::string bench_text(const BenchReport& report);
/// docs/json.md describes the keys.
nlohmann::ordered_json bench_json(const BenchReport& report);
std::string bench_html(const BenchReport& report);

}  // namespace passerelle::report
